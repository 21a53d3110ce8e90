import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { REPO_ROOT } from "../../../local/paths";
import { loadConfig } from "../../../src/config/config";
import { loadDefinitions } from "../../../src/definitions-folder";
import { tasksFrom, withRunsPer } from "../../../src/domain/shared-job";
import { storedDefinition } from "../../../src/domain/stored-definition";
import { parseDefinitions } from "../../../src/domain/parse-definitions";
import { COMMON_PARAMETERS, routeDrop } from "../../../src/domain/pipeline-definition";

const folder = join(REPO_ROOT, "pipelines");
const sample = readFileSync(join(folder, "scoring.json"), "utf8");
const edited = (change: (definition: Record<string, unknown>) => void): string => {
  const definition = JSON.parse(sample) as Record<string, unknown>;
  change(definition);
  return JSON.stringify(definition);
};

interface Job {
  readonly name: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly timeout_seconds: number;
  readonly tasks: readonly {
    readonly max_retries: number;
    readonly notebook_task: { readonly notebook_path: string };
  }[];
}

const jobs = readdirSync(join(REPO_ROOT, "resources"))
  .filter((file) => file.endsWith(".job.yml"))
  .map((file) => {
    const text = readFileSync(join(REPO_ROOT, "resources", file), "utf8");
    const job = Object.values((parse(text) as { resources: { jobs: Record<string, Job> } }).resources.jobs)[0] as Job;
    return { ...job, name: job.name.replace("${var.job_name_prefix}", "") };
  });
/** Run by a person, never by the app. */
const BY_HAND = ["batchkeeper-revoke-coverage"];

describe("the shipped definitions", () => {
  const definitions = loadDefinitions(folder);
  const steps = [...definitions.values()].flatMap((definition) => definition.steps);

  it("are scoring, training and monitoring, and training blocks no night", () => {
    expect([...definitions.keys()]).toEqual(expect.arrayContaining(["monitoring", "scoring", "training"]));
    expect(definitions.get("training")?.concurrencyGroup).not.toBe(definitions.get("scoring")?.concurrencyGroup);
  });

  it.each(steps.map((step) => [step.name, step] as const))(
    "step %s has a job with the same parameters, no retries and a longer limit",
    (_name, step) => {
      const job = jobs.find((candidate) => candidate.name === step.job);

      expect(job?.parameters.map(({ name }) => name)).toEqual([...COMMON_PARAMETERS, ...Object.keys(step.parameters)]);
      expect(job?.tasks.map((task) => task.max_retries)).toEqual([0]);
      expect(job?.timeout_seconds).toBeGreaterThan(step.timeoutSeconds);
    },
  );

  it.each(steps.map((step) => [step.name, Object.keys(step.parameters)] as const))(
    "step %s declares what its notebook reads",
    (name, declared) => {
      const file = join(REPO_ROOT, "notebooks", "batchkeeper", name, "step.py");
      const code = existsSync(file) ? readFileSync(file, "utf8") : "";

      const read = [...code.matchAll(/(?:text_parameter|_number)\(widgets, "(\w+)"/g)].map((match) => match[1]);

      expect(declared).toEqual(expect.arrayContaining(read));
      for (const parameter of declared) expect(code).toContain(`"${parameter}"`);
    },
  );

  it("use every job, and every job's notebook is there", () => {
    expect(jobs.map((job) => job.name).sort()).toEqual([...new Set(steps.map((step) => step.job)), ...BY_HAND].sort());
    for (const job of jobs) {
      const path = join(REPO_ROOT, "resources", job.tasks[0]?.notebook_task.notebook_path ?? "");
      expect(readFileSync(path, "utf8").split("\n")[0]).toBe("# Databricks notebook source");
    }
  });

  it("take drops by the paths of the contract", () => {
    expect(routeDrop(definitions, "drops", "telemetry/2015-11-15.csv.gz")).toEqual({
      pipeline: "scoring",
      source: "telemetry",
    });
    expect(routeDrop(definitions, "drops", "machines/2015-11-15.csv")).toEqual({
      pipeline: "scoring",
      source: "machines",
    });
    for (const path of ["unknown/2015-11-15.csv", "telemetry/x.txt", "telemetry.csv"])
      expect(routeDrop(definitions, "drops", path)).toBeNull();
    expect(routeDrop(definitions, "other", "telemetry/2015-11-15.csv")).toBeNull();
  });
});

describe("parseDefinitions", () => {
  it("refuses what no row of the ledger can hold, and names the longest part of it", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(40, "0")}.csv`);
    const text = edited((definition) => {
      const drops = definition["drops"] as { pathPattern: string; deliveries?: object };
      drops.pathPattern = "^(?<source>[a-z_]+)/(?<delivery>[0-9-]+)/.+$";
      drops.deliveries = { telemetry: { names } };
    });

    const { faults, definitions } = parseDefinitions([{ file: "scoring.json", text }]);

    expect(definitions.size).toBe(0);
    expect(faults).toMatchObject([
      {
        kind: "too_long",
        where: "scoring.json at drops.deliveries",
        message: expect.stringMatching(/4\d{4} characters.*32768: shorten it/),
      },
    ]);
  });

  it("lists every fault of every file, with file and place", () => {
    const { faults } = parseDefinitions([
      { file: "a.json", text: "{" },
      {
        file: "scoring.json",
        text: edited((definition) => {
          definition["schedule"] = "30 6 * * *";
          definition["extra"] = true;
          (definition["steps"] as { parameters: object }[])[0]!.parameters = { run_id: "x" };
          (definition["drops"] as { maxWaitSeconds: number }).maxWaitSeconds = 1;
        }),
      },
      { file: "other.json", text: sample },
    ]);

    const places = faults.map((fault) => fault.where);
    expect(places).toEqual(
      expect.arrayContaining([
        "a.json",
        "other.json at name",
        "scoring.json at schedule",
        "scoring.json at (root)",
        "scoring.json at drops.maxWaitSeconds",
        "scoring.json at steps.0.parameters.run_id",
      ]),
    );
  });

  it.each([
    [
      "a pattern without a source",
      (d: Record<string, unknown>) => void ((d["drops"] as { pathPattern: string }).pathPattern = "^x$"),
      /\?<source>/,
    ],
    [
      "a pattern that is none",
      (d: Record<string, unknown>) => void ((d["drops"] as { pathPattern: string }).pathPattern = "("),
      /Invalid|Unterminated/,
    ],
    [
      "a step name twice",
      (d: Record<string, unknown>) => void (d["steps"] as unknown[]).push((d["steps"] as unknown[])[0]),
      /occurs twice/,
    ],
  ])("refuses %s", (_title, change, message) => {
    const { faults, definitions } = parseDefinitions([{ file: "scoring.json", text: edited(change) }]);

    expect(definitions.size).toBe(0);
    expect(faults.map((fault) => fault.message).join("\n")).toMatch(message);
  });
});

describe("local.settings.sample.json", () => {
  it("is a valid configuration", () => {
    const text = readFileSync(join(REPO_ROOT, "local.settings.sample.json"), "utf8");
    const { Values: values } = JSON.parse(text) as { Values: Record<string, string> };

    expect(loadConfig(values)).toMatchObject({ deploymentId: "local", databricks: { auth: { kind: "token" } } });
  });
});

describe("steps that share a Databricks run", () => {
  const parsed = (change: (definition: Record<string, unknown>) => void = () => undefined) =>
    parseDefinitions([{ file: "scoring.json", text: edited(change) }]).definitions;
  const shared = withRunsPer("pipeline", parsed()).get("scoring");

  it("are tasks of the one job, whose parameters and time are those of all that are still to come", () => {
    const own = [...(parsed().get("scoring")?.steps ?? [])];
    const parameters: unknown = Object.assign({}, ...own.map((step) => step.parameters));

    expect(shared?.steps.map(({ name, job, task }) => [name, job, task])).toEqual(
      own.map(({ name }) => [name, "batchkeeper-scoring-run", name]),
    );
    for (const [index, step] of (shared?.steps ?? []).entries()) {
      expect(step.parameters).toEqual(parameters);
      expect(step.timeoutSeconds).toBe(own.slice(index).reduce((sum, { timeoutSeconds }) => sum + timeoutSeconds, 0));
      expect(tasksFrom(shared?.steps ?? [], index)).toEqual(own.slice(index).map(({ name }) => name));
    }
    expect(tasksFrom(own, 0)).toEqual([]);
  });

  it("are read again as they were stored with the run", () => {
    expect(storedDefinition(JSON.stringify(shared))).toEqual(shared);
  });

  it("are made by the setting alone: a file names no task", () => {
    expect(parseDefinitions([{ file: "scoring.json", text: JSON.stringify(shared) }]).faults).toMatchObject([
      { where: "scoring.json at steps.0.task", message: "is not for files: name the job as sharedJob" },
      ...(shared?.steps ?? []).slice(1).map(() => ({ kind: "task" })),
    ]);
  });

  it("must fit into a row with the parameters of all in each", () => {
    const long = parsed((definition) => {
      const steps = definition["steps"] as { parameters: Record<string, string> }[];
      steps.forEach((step, index) => (step.parameters[`long_${index}`] = "x".repeat(5000)));
    });

    expect(long.size).toBe(1);
    expect(() => withRunsPer("pipeline", long)).toThrow(/scoring\.json at steps.* characters long/);
  });

  it("do not, unless the setting says so and the definition names the job", () => {
    const without = parsed((definition) => delete definition["sharedJob"]);

    expect(withRunsPer("step", parsed()).get("scoring")).toEqual(parsed().get("scoring"));
    expect(withRunsPer("pipeline", without)).toEqual(without);
  });

  it("must agree on a parameter that two of them have", () => {
    const clashing = parsed((definition) => {
      const steps = definition["steps"] as { parameters: Record<string, string> }[];
      steps.forEach((step, index) => (step.parameters["depth"] = String(index)));
    });

    expect(() => withRunsPer("pipeline", clashing)).toThrow("depth has two values");
  });
});

import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { parse } from "yaml";
import { readBundle } from "../../../local/databricks/server/bundle";
import { SettingWarnings } from "../../../local/databricks/server/setting-warnings";
import { webhookBody } from "../../../src/api/webhook/schemas";
import { withRunsPer } from "../../../src/domain/shared-job";
import { loadDefinitions } from "../../../src/definitions-folder";

const ROOT = join(__dirname, "..", "..", "..");
const FROM_HOOK = {
  app_client_id: "app-id",
  instance_pool_id: "pool-id",
  notification_destination_id: "destination-id",
  batches_url: "abfss://batches@x/",
  results_url: "abfss://results@x/",
};
const COMMON = ["run_id", "deployment_id", "manifest_path", "window_start", "window_end", "catalog", "schema", "volume_root", "scenario"]; // prettier-ignore
const steps = [...loadDefinitions(join(ROOT, "pipelines")).values()].flatMap((definition) => definition.steps);
/** Run by a person: the app has no right on them and is told nothing. */
const BY_HAND = ["batchkeeper-revoke-coverage"];
const jobsOf = (target: string) => [...readBundle(ROOT, { target, variables: FROM_HOOK }).jobs.values()];
const read = (file: string) => parse(readFileSync(join(ROOT, file), "utf8")) as Record<string, unknown>;

const jobs = jobsOf("prod");

describe("the jobs of the bundle", () => {
  it("are those that the definitions name, and those for people", () => {
    expect(jobs.map(({ name }) => name).sort()).toEqual([...new Set(steps.map(({ job }) => job)), ...BY_HAND].sort());
  });

  it.each(steps)("suit their step: $name", (step) => {
    const job = jobs.find(({ name }) => name === step.job);
    const declared = job?.parameters?.map(({ name }) => name);

    expect(declared?.sort()).toEqual([...COMMON, ...Object.keys(step.parameters)].sort());
    // The app cancels at its own time-out; the job's is for a run that nobody watches any more.
    expect(job?.timeout_seconds).toBe(step.timeoutSeconds + 600);
    expect(job?.["health"]).toEqual({ rules: [{ metric: "RUN_DURATION_SECONDS", op: "GREATER_THAN", value: 1800 }] });
    expect(step.timeoutSeconds).toBeGreaterThan(1800);
    expect(job?.tasks).toHaveLength(1);
    expect(job?.tasks[0]).toMatchObject({ task_key: step.name, max_retries: 0, job_cluster_key: "main" });
    expect(job?.["tags"]).toEqual({ product: "batchkeeper", target: "prod", step: step.name });
    expect(job?.max_concurrent_runs).toBeGreaterThan(1);
  });

  it("lie where only whoever deploys may change them, for the targets that people rely on", () => {
    const { targets } = read("databricks.yml") as { targets: Record<string, { workspace?: { root_path: string } }> };

    for (const target of ["staging", "prod"])
      expect(targets[target]?.workspace?.root_path).toMatch(/^\$\{var\.root_folder\}\/\.bundle/);
    expect(readFileSync(join(ROOT, "databricks.yml"), "utf8")).not.toContain("/Workspace/Shared");
  });

  it("share one cluster definition, on the pool", () => {
    const clusters = jobs.map(({ job_clusters: all }) => JSON.stringify(all));

    expect(new Set(clusters).size).toBe(1);
    expect(jobs[0]?.job_clusters).toMatchObject([
      { new_cluster: { instance_pool_id: "pool-id", num_workers: 0, custom_tags: { ResourceClass: "SingleNode" } } },
    ]);
  });

  it("tell the app's webhook of every end", () => {
    for (const { webhook_notifications: webhooks } of jobs.filter(({ name }) => !BY_HAND.includes(name)))
      expect(webhooks).toMatchObject({
        on_success: [{ id: "destination-id" }],
        on_failure: [{ id: "destination-id" }],
      });
    // Of a slow run as well: the app takes any event and only looks again.
    expect(
      webhookBody.parse({ event_type: "jobs.on_duration_warning_threshold_exceeded", run: { run_id: 1 } }),
    ).toBeDefined();
  });

  it.each(["dev", "staging", "prod", "local"])("are read with target %s", (target) => {
    const prefix = target === "dev" ? "[dev local] " : "";

    expect(
      jobsOf(target)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...steps.map(({ job }) => job), ...BY_HAND].map((job) => `${prefix}${job}`).sort());
  });

  it("have no setting without effect on the local Databricks, nor any destination to miss", () => {
    const warnings = new SettingWarnings(
      () => false,
      () => undefined,
    );

    expect(jobsOf("local").flatMap((job) => warnings.list(job))).toEqual([]);
    // The same check does see what the other targets have.
    expect(jobs.flatMap((job) => warnings.list(job))).not.toEqual([]);
  });

  it("let the app start them, by one list of rights", () => {
    for (const file of globSync("resources/*.job.yml", { cwd: ROOT })) {
      const { jobs: found } = read(file)["resources"] as {
        jobs: Record<string, { name: string; permissions?: unknown }>;
      };
      for (const { name, permissions } of Object.values(found))
        expect(permissions).toBe(BY_HAND.some((job) => name.endsWith(job)) ? undefined : "${var.job_permissions}");
    }
    expect(
      (read("databricks.yml")["variables"] as Record<string, { default: unknown }>)["job_permissions"]?.default,
    ).toEqual([{ level: "CAN_MANAGE_RUN", service_principal_name: "${var.app_client_id}" }]);
  });

  it("run as a service principal in staging and prod", () => {
    const targets = read("databricks.yml")["targets"] as Record<string, { mode?: string; run_as?: unknown }>;

    for (const name of ["staging", "prod"])
      expect(targets[name]).toMatchObject({
        mode: "production",
        run_as: { service_principal_name: "${var.app_client_id}" },
      });
  });
});

it("the bundle has the model of every scenario that is shipped, in the schema of the tables", () => {
  const scenarios = globSync("notebooks/*/scenario.py", { cwd: ROOT }).map((file) => file.split(sep)[1]);
  const { registered_models: models } = read("resources/catalog.yml")["resources"] as {
    registered_models: Record<string, { name: string }>;
  };

  expect(Object.values(models).map(({ name }) => name)).toEqual(scenarios);
  for (const model of Object.values(models))
    expect(model).toMatchObject({ catalog_name: "${var.catalog}", schema_name: "${resources.schemas.main.name}" });
});

describe("the variables of the bundle", () => {
  const variables = read("databricks.yml")["variables"] as Record<string, { default?: unknown }>;
  const text = globSync("resources/*.yml", { cwd: ROOT }).concat("databricks.yml").map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n"); // prettier-ignore

  it("are all used, and all declared", () => {
    const used = new Set([...text.matchAll(/\$\{var\.(\w+)/g)].map(([, name]) => name));

    expect([...used].sort()).toEqual(Object.keys(variables).sort());
  });

  it("without a default are given by both hooks", () => {
    const needed = Object.keys(variables).filter((name) => variables[name]?.default === undefined);

    expect(needed.sort()).toEqual(Object.keys(FROM_HOOK).sort());
    for (const kind of ["sh", "ps1"]) {
      const hook = readFileSync(join(ROOT, `infra/hooks/postprovision.${kind}`), "utf8");
      for (const name of [...needed, "catalog", "schema", "job_name_prefix"])
        expect(hook).toContain(`BUNDLE_VAR_${name}`);
    }
  });
});

describe("the copy of the bundle for compute shared", () => {
  const folder = mkdtempSync(join(tmpdir(), "bk-bundle-"));
  beforeAll(() => {
    const script = join(ROOT, "scripts", "bundle.mjs");
    execFileSync(process.execPath, [script, "--compute", "shared", "--out", folder], { stdio: "pipe" });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has the job of each definition's sharedJob, with a task a step on one cluster, besides the bundle's own jobs", () => {
    const copied = [...readBundle(folder, { target: "prod", variables: FROM_HOOK }).jobs.values()];
    const byName = new Map(copied.map((job) => [job.name, job]));
    const shipped = withRunsPer("pipeline", loadDefinitions(join(ROOT, "pipelines")));
    const sharing = [...shipped.values()].filter(({ sharedJob }) => sharedJob !== undefined);

    expect(sharing.map(({ name }) => name)).toEqual(["scoring"]);
    for (const { sharedJob = "", name, steps: tasks } of sharing) {
      const job = byName.get(sharedJob);
      const own = jobs.find(({ name: other }) => other === "batchkeeper-scoring");
      expect(job?.tasks.map(({ task_key, depends_on = [] }) => [task_key, depends_on])).toEqual(
        tasks.map(({ task }, index) => [task, index === 0 ? [] : [{ task_key: tasks[index - 1]?.task }]]),
      );
      expect(new Set(job?.tasks.map(({ job_cluster_key }) => job_cluster_key))).toEqual(new Set(["main"]));
      expect(job?.parameters?.map((parameter) => parameter.name).sort()).toEqual(
        [...COMMON, ...Object.keys(tasks[0]?.parameters ?? {})].sort(),
      );
      // No task is cut off by the job before the app gives it up.
      expect(job?.timeout_seconds).toBeGreaterThan(tasks[0]?.timeoutSeconds ?? Infinity);
      expect(job?.["tags"]).toMatchObject({ step: name });
      for (const key of ["job_clusters", "webhook_notifications", "health", "permissions", "max_concurrent_runs"])
        expect(job?.[key]).toEqual(own?.[key]);
      byName.delete(sharedJob);
    }
    expect([...byName.values()]).toEqual(jobs);
  });
});

describe.each([
  ["existing", { existing_cluster_id: "cluster-id" }],
  ["serverless", {}],
])("the copy of the bundle for compute %s", (compute, onTask) => {
  const folder = mkdtempSync(join(tmpdir(), "bk-bundle-"));
  beforeAll(() => {
    const script = join(ROOT, "scripts", "bundle.mjs");
    execFileSync(process.execPath, [script, "--compute", compute, "--out", folder], { stdio: "pipe" });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(["prod", "local"])("has the same jobs on other compute, with target %s", (target) => {
    const variables = target === "local" ? {} : { ...FROM_HOOK, existing_cluster_id: "cluster-id" };
    const copied = readBundle(folder, { target, variables }).jobs;
    const own = readBundle(ROOT, { target, variables: target === "local" ? {} : FROM_HOOK }).jobs;

    expect([...copied.keys()]).toEqual([...own.keys()]);
    for (const [key, { job_clusters: _clusters, tasks, ...job }] of own) {
      const { tasks: copiedTasks, ...copiedJob } = copied.get(key) ?? { tasks: [] };
      expect(copiedJob).toEqual(job);
      for (const [index, { job_cluster_key: _key, libraries, ...task }] of tasks.entries())
        expect(copiedTasks[index]).toEqual({
          ...task,
          ...(compute === "serverless" || libraries === undefined ? {} : { libraries }),
          ...(target === "local" && compute === "existing" ? { existing_cluster_id: "none" } : onTask),
        });
    }
  });

  it("uploads its notebooks and scenarios, though git ignores the folder that it is written to", () => {
    const { sync } = parse(readFileSync(join(folder, "databricks.yml"), "utf8")) as { sync: { include: string[] } };

    expect(readFileSync(join(ROOT, ".gitignore"), "utf8")).toMatch(/^dist\/$/m);
    expect(sync.include).toEqual(["notebooks/**", "examples/**"]);
  });

  it("has the scenarios of examples/ beside the notebooks, where these look for them", () => {
    for (const file of globSync(["notebooks/*/scenario.py", "examples/*/{scenario.py,rules.yml}"], { cwd: ROOT }))
      expect(readFileSync(join(folder, file), "utf8")).toBe(readFileSync(join(ROOT, file), "utf8"));
  });
});

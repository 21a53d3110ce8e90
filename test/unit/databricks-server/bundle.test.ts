import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../../../local/databricks/server/bundle";
import { BUNDLE } from "./harness";

describe("readBundle", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bk-bundle-"));
    mkdirSync(join(folder, "resources"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (root: string, job = "") => {
    writeFileSync(join(folder, "databricks.yml"), root);
    writeFileSync(join(folder, "resources", "a.job.yml"), job);
  };
  const ROOT = "bundle: {name: x}\ninclude: [resources/*.job.yml]\n";
  const JOB = (path: string) =>
    `resources:\n  jobs:\n    a:\n      tasks:\n        - task_key: t\n          notebook_task: {notebook_path: "${path}"}\n`;

  it("resolves notebooks against the file that names them, anchors, targets and nested variables", () => {
    const job = readBundle(BUNDLE).jobs.get("score");

    expect(job).toMatchObject({ name: "sample-score", max_concurrent_runs: 2, queue: { enabled: true } });
    expect(job?.tasks[0]?.notebook_task.notebook_path).toBe(
      "/Workspace/Users/local@example.com/.bundle/sample/local/files/notebooks/echo",
    );
    expect(job?.parameters?.[1]).toEqual({ name: "where", default: "local:/Volumes/spark_catalog" });
  });

  it("takes variables from outside, and another target", () => {
    const job = readBundle(BUNDLE, { target: "dev", variables: { catalog: "mine" } }).jobs.get("score");

    expect(job?.name).toBe("sample-score");
    expect(job?.parameters?.[1]?.default).toBe("dev:/Volumes/mine");
  });

  it.each([
    [
      "an unknown variable",
      ROOT,
      JOB("${var.nope}"),
      /a\.job\.yml: resources\.jobs\.a\.tasks\[0\]\.notebook_task\.notebook_path: unknown reference \$\{var\.nope\}/,
    ],
    ["a cycle", `${ROOT}variables: {a: {default: "\${var.a}"}}\n`, JOB("${var.a}"), /references form a cycle/],
    ["bad YAML", ROOT, "resources: [", /a\.job\.yml: /],
    [
      "a job without tasks",
      ROOT,
      "resources: {jobs: {a: {name: x}}}",
      /a\.job\.yml: resources\.jobs\.a: A job needs at least one task/,
    ],
    [
      "a bad schedule",
      ROOT,
      `${JOB("x.py")}      schedule: {quartz_cron_expression: nightly, timezone_id: UTC}\n`,
      /a\.job\.yml: resources\.jobs\.a: Invalid schedule: quartz_cron_expression 'nightly': it must have 6 or 7 fields/,
    ],
    [
      "an unknown job cluster",
      ROOT,
      JOB("x.py").replace("task_key: t", "job_cluster_key: none\n          task_key: t"),
      /resources\.jobs\.a: Task t: job_cluster_key none is not defined in job_clusters/,
    ],
    [
      "a bad preset",
      "bundle: {name: x}\ntargets: {local: {presets: {trigger_pause_status: never}}}\n",
      "",
      /databricks\.yml: presets\.trigger_pause_status must be PAUSED or UNPAUSED/,
    ],
    ["a bad include", "include: 5", "", /databricks\.yml: include: must be a list of paths/],
    ["a bad section", `${ROOT}resources: [1]`, "", /databricks\.yml: resources: must be a mapping/],
  ])("names file and key for %s", (_what, root, job, message) => {
    write(root, job || JOB("x.py"));

    expect(() => readBundle(folder)).toThrow(message);
  });

  describe("complex variables", () => {
    const COMPLEX = `${ROOT}variables:
  size: {default: 8}
  text: {default: a}
  shape:
    type: complex
    default: {num_workers: "\${var.size}", spark_conf: {a: b}}
targets:
  local: {}
  short: {variables: {shape: {num_workers: 1}}}
  long: {variables: {shape: {type: complex, default: {num_workers: 2}}}}
`;
    const shaped = (value: string) =>
      JOB("x.py").replace("tasks:", `job_clusters: [{job_cluster_key: m, new_cluster: "${value}"}]\n      tasks:`);
    const cluster = (target?: string) =>
      readBundle(folder, target ? { target } : {}).jobs.get("a")?.job_clusters?.[0]?.new_cluster;

    it.each([
      ["its default, with references inside", undefined, { num_workers: 8, spark_conf: { a: "b" } }],
      ["what a target gives as a value", "short", { num_workers: 1 }],
      ["what a target gives as a variable", "long", { num_workers: 2 }],
    ])("take %s, whole", (_what, target, expected) => {
      write(COMPLEX, shaped("${var.shape}"));

      expect(cluster(target)).toEqual(expected);
    });

    it("can be looked into", () => {
      write(COMPLEX, JOB("${var.shape.spark_conf.a}.py"));

      expect(readBundle(folder).jobs.get("a")?.tasks[0]?.notebook_task.notebook_path).toMatch(/\/resources\/b$/);
    });

    it.each([
      [
        "one inside a text",
        COMPLEX,
        JOB("x/${var.shape}"),
        /notebook_path: \$\{var\.shape\} is no single value and must stand alone/,
      ],
      ["a missing part", COMPLEX, JOB("${var.shape.nope}"), /unknown reference \$\{var\.shape\.nope\}/],
      ["a part of a simple one", COMPLEX, JOB("${var.text.nope}"), /unknown reference \$\{var\.text\.nope\}/],
      [
        "a map without the type",
        COMPLEX.replace("    type: complex\n", ""),
        JOB("x"),
        /databricks\.yml: variables\.shape: a map or list needs type: complex/,
      ],
      [
        "another type",
        COMPLEX.replace("type: complex", "type: odd"),
        JOB("x"),
        /databricks\.yml: variables\.shape\.type: must be complex, not "odd"/,
      ],
    ])("name file and key for %s", (_what, root, job, message) => {
      write(root, job);

      expect(() => readBundle(folder)).toThrow(message);
    });

    it("cannot be given from outside, as with the Databricks CLI", () => {
      write(COMPLEX, JOB("x"));

      expect(() => readBundle(folder, { variables: { shape: "{}" } })).toThrow(
        /variables\.shape: a complex variable is set in a target only/,
      );
    });
  });

  it("names a target that is not there", () => {
    expect(() => readBundle(BUNDLE, { target: "prod" })).toThrow(
      /databricks\.yml: targets\.prod: no such target; known: dev, local/,
    );
  });
});

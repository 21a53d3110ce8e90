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

  it("names a target that is not there", () => {
    expect(() => readBundle(BUNDLE, { target: "prod" })).toThrow(
      /databricks\.yml: targets\.prod: no such target; known: dev, local/,
    );
  });
});

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bench, BUNDLE } from "./harness";

const bench = new Bench();
const log: string[] = [];
beforeAll(async () => bench.start({ bundleDir: BUNDLE, log: (line) => log.push(line) }));
afterAll(async () => bench.remove());

/** What the cluster was told for the only task of a run. */
const told = async (runId: number) => {
  await bench.ended(runId);
  return JSON.parse((await bench.output(runId)).notebook_output.result) as Record<string, unknown>;
};

describe("what a task asks of its cluster", () => {
  const libraries = [{ pypi: { package: "simplejson==3.19" } }, { whl: "/Volumes/main/default/v/a.whl" }];

  it("reaches the cluster from a job cluster, all as strings", async () => {
    const new_cluster = {
      spark_conf: { "spark.sql.shuffle.partitions": 8, "a.b": true },
      spark_env_vars: { STAGE: "dev" },
    };
    const jobId = await bench.job(
      ["cluster"],
      { job_clusters: [{ job_cluster_key: "main", new_cluster }] },
      { job_cluster_key: "main", libraries },
    );

    expect(await told(await bench.runNow(jobId))).toMatchObject({
      sparkConf: { "spark.sql.shuffle.partitions": "8", "a.b": "true" },
      env: { STAGE: "dev" },
      libraries,
    });
  });

  it("reaches it from the task's own cluster, of a submitted run in the old shape too", async () => {
    const { body } = await bench.call("POST", "/api/2.1/jobs/runs/submit", {
      run_name: "own",
      notebook_task: { notebook_path: bench.notebook("own", "cluster") },
      new_cluster: { spark_conf: { x: "1" } },
      libraries,
    });

    expect(await told(body.run_id)).toMatchObject({ sparkConf: { x: "1" }, env: {}, libraries });
  });

  it("has references to secrets replaced, which no answer and no page shows", async () => {
    await bench.call("POST", "/api/2.0/secrets/scopes/create", { scope: "app" });
    await bench.call("POST", "/api/2.0/secrets/put", { scope: "app", key: "pw", string_value: "hidden-word" });
    const spark_env_vars = { PW: "{{secrets/app/pw}}", PLAIN: "plain-word" };
    const jobId = await bench.job(["cluster"], {}, { new_cluster: { spark_env_vars } });

    const run = await bench.ended(await bench.runNow(jobId));

    expect(await told(run.run_id)).toMatchObject({ env: { PW: "hidden-word", PLAIN: "plain-word" } });
    expect(JSON.stringify(run)).not.toContain("hidden-word");
    const page = await (await fetch(`${bench.url}/jobs/${jobId}`)).text();
    expect(page).toContain("PLAIN");
    expect(page).not.toMatch(/hidden-word|plain-word/);
  });

  it("fails the task when a secret is not there, naming it", async () => {
    const jobId = await bench.job(["exit"], {}, { new_cluster: { spark_conf: { a: "{{secrets/none/k}}" } } });

    const run = await bench.ended(await bench.runNow(jobId));

    expect(run.status.termination_details).toMatchObject({ code: "INVALID_CLUSTER_REQUEST", type: "CLIENT_ERROR" });
    expect(run.state.state_message).toContain("Secret does not exist with scope: none and key: k");
  });

  it("is warned about by the cluster in the run's answer, on its page and in the log", async () => {
    const jobId = await bench.job(["warn library x.jar is not installed", "warn second", "exit"]);

    const run = await bench.ended(await bench.runNow(jobId));

    expect(run.warnings).toEqual(["library x.jar is not installed", "second"]);
    expect(await (await fetch(run.run_page_url)).text()).toContain("library x.jar is not installed");
    expect(log).toContain(`task run ${run.tasks[0].run_id}: library x.jar is not installed`);
  });
});

describe("the workspace path of a notebook", () => {
  const FILES = "/Users/local@example.com/.bundle/sample/local/files";
  const bundleJob = async () => (await bench.call("GET", "/api/2.2/jobs/list?name=sample-score")).body.jobs[0].job_id;

  it("is that of the workspace for an uploaded one, and of the bundle's files for the bundle's", async () => {
    await bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared/wp" });
    const content = Buffer.from("# Databricks notebook source\ncluster\n").toString("base64");
    await bench.call("POST", "/api/2.0/workspace/import", { path: "/Shared/wp/a", content, language: "PYTHON" });
    const uploaded = await bench.job([], {}, { notebook_task: { notebook_path: "/Workspace/Shared/wp/a" } });
    const { body: job } = await bench.call("GET", `/api/2.2/jobs/get?job_id=${await bundleJob()}`);

    expect((await told(await bench.runNow(uploaded)))["workspacePath"]).toBe("/Shared/wp/a");
    expect(job.settings.tasks[0]).toMatchObject({
      notebook_task: { notebook_path: `/Workspace${FILES}/notebooks/echo` },
    });
    const run = await bench.ended(await bench.runNow(await bundleJob()));
    expect(run.state.result_state).toBe("SUCCESS");
  });

  it("is found for absolute %run, with or without /Workspace; what is not there is told", async () => {
    const ask = async (path: string) => told(await bench.runNow(await bench.job([`notebook ${path}`])));

    expect(await ask("/Shared/wp/a")).toEqual({
      notebookPath: join(bench.stateDir, "workspace", "Shared", "wp", "a.py"),
      workspacePath: "/Shared/wp/a",
    });
    for (const path of [`/Workspace${FILES}/notebooks/echo`, `${FILES}/notebooks/echo`])
      expect(await ask(path)).toEqual({
        notebookPath: join(BUNDLE, "notebooks", "echo.py"),
        workspacePath: `${FILES}/notebooks/echo`,
      });
    const missing = await bench.ended(await bench.runNow(await bench.job(["notebook /Shared/none"])));
    expect((await bench.output(missing.run_id)).error).toContain("Path (/Shared/none) doesn't exist");
  });

  it("can be read but not written through the API when it is the bundle's", async () => {
    const post = async (name: string, body: object) => bench.call("POST", `/api/2.0/workspace/${name}`, body);
    const listed = await bench.call("GET", `/api/2.0/workspace/list?path=/Workspace${FILES}/notebooks`);
    const refused = [
      await post("import", { path: `${FILES}/notebooks/echo`, content: "", overwrite: true, language: "PYTHON" }),
      await post("mkdirs", { path: `${FILES}/new` }),
      await post("delete", { path: `${FILES}/notebooks`, recursive: true }),
      await post("delete", { path: FILES, recursive: true }),
    ];

    expect(listed.body.objects).toEqual([
      expect.objectContaining({ path: `/Workspace${FILES}/notebooks/echo.py`, object_type: "FILE" }),
    ]);
    expect(refused.map(({ status, body }) => [status, body.error_code])).toEqual(
      refused.map(() => [403, "PERMISSION_DENIED"]),
    );
    // What holds it can go; the bundle itself stays, and is shown again after a restart.
    await post("delete", { path: "/Users/local@example.com", recursive: true });
    expect(existsSync(join(BUNDLE, "notebooks", "echo.py"))).toBe(true);
    await bench.stop();
    await bench.start({ bundleDir: BUNDLE });
    expect((await bench.ended(await bench.runNow(await bundleJob()))).state.result_state).toBe("SUCCESS");
  });

  it("is kept by notebooks that are started by their place on this machine", async () => {
    const child = join(BUNDLE, "notebooks", "echo.py");

    await bench.ended(await bench.runNow(await bench.job([`run ${child}`])));

    const { body } = await bench.call("GET", "/api/2.2/jobs/runs/list?run_type=WORKFLOW_RUN&expand_tasks=true");
    expect(body.runs[0]?.tasks[0]).toMatchObject({ notebook_task: { notebook_path: `${FILES}/notebooks/echo` } });
  });

  it("does not lead out of the bundle", async () => {
    mkdirSync(join(bench.stateDir, "out"));
    writeFileSync(join(bench.stateDir, "out", "a.py"), "exit");
    const notebook_path = `/Workspace${FILES}/../../../../../../../../../..${bench.stateDir}/out/a`;

    const run = await bench.ended(await bench.runNow(await bench.job([], {}, { notebook_task: { notebook_path } })));

    expect(run.state.result_state).toBe("FAILED");
  });
});

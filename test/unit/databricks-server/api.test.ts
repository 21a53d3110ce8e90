import { request } from "node:http";
import { Bench, BUNDLE } from "./harness";
import type { WireBody } from "./wire";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE, tokenLifetimeSeconds: 2 }));
afterAll(async () => bench.remove());
afterEach(async () => bench.call("DELETE", "/internal/faults"));

const settings = (name: string) => ({ name, tasks: [{ task_key: "t", notebook_task: { notebook_path: "/x" } }] });

/** `fetch` refuses a body on GET, which is how Airflow sends parameters. */
async function getWithBody(path: string, body: object): Promise<WireBody> {
  return new Promise((resolve, reject) => {
    const sent = request(
      bench.url + path,
      {
        method: "GET",
        headers: {
          authorization: `Bearer ${bench.token}`,
          "content-type": "application/json",
          "content-length": JSON.stringify(body).length,
        },
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve(JSON.parse(text) as WireBody));
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

describe("jobs", () => {
  it("fills in what the cloud fills in; queues by default only through 2.2", async () => {
    const [old, now] = await Promise.all(
      ["2.1", "2.2"].map(
        async (version) => (await bench.call("POST", `/api/${version}/jobs/create`, settings("fill"))).body.job_id,
      ),
    );

    const a = (await bench.call("GET", `/api/2.1/jobs/get?job_id=${old}`)).body;
    const b = await getWithBody("/api/2.2/jobs/get", { job_id: now });

    expect(a.settings.queue).toEqual({ enabled: false });
    expect(b.settings).toMatchObject({
      queue: { enabled: true },
      email_notifications: {},
      timeout_seconds: 0,
      max_concurrent_runs: 1,
    });
    expect(b.settings.tasks[0]).toMatchObject({ run_if: "ALL_SUCCESS", notebook_task: { source: "WORKSPACE" } });
  });

  it("updates in part, resets whole, deletes", async () => {
    const { job_id: jobId } = (
      await bench.call("POST", "/api/2.2/jobs/create", { ...settings("edit"), tags: { a: "1" }, description: "d" })
    ).body;
    const read = async () => (await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}`)).body.settings;

    await bench.call("POST", "/api/2.2/jobs/update", {
      job_id: jobId,
      new_settings: { max_concurrent_runs: 3 },
      fields_to_remove: ["description"],
    });
    const updated = await read();
    await bench.call("POST", "/api/2.2/jobs/reset", { job_id: jobId, new_settings: settings("fresh") });
    const reset = await read();
    await bench.call("POST", "/api/2.2/jobs/delete", { job_id: jobId });

    expect(updated).toMatchObject({ name: "edit", tags: { a: "1" }, max_concurrent_runs: 3 });
    expect(updated).not.toHaveProperty("description");
    expect(reset).toMatchObject({ name: "fresh", max_concurrent_runs: 1 });
    expect(reset).not.toHaveProperty("tags");
    expect((await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}`)).body.message).toBe(
      `Job ${jobId} does not exist.`,
    );
  });

  it("pages forwards and backwards without gaps, and finds by name whatever the case", async () => {
    for (let index = 0; index < 5; index += 1) await bench.call("POST", "/api/2.2/jobs/create", settings("Paged"));
    const list = async (query: string) =>
      (await bench.call("GET", `/api/2.2/jobs/list?name=paged&limit=2${query}`)).body;

    const first = await list("&page_token=");
    const second = await list(`&page_token=${first.next_page_token}`);
    const third = await list(`&page_token=${second.next_page_token}`);
    const back = await list(`&page_token=${second.prev_page_token}`);

    expect([first, second, third].map((page) => page.jobs.length)).toEqual([2, 2, 1]);
    expect(new Set([first, second, third].flatMap((page) => page.jobs.map((job) => job.job_id))).size).toBe(5);
    expect(third).not.toHaveProperty("next_page_token");
    expect(first).not.toHaveProperty("prev_page_token");
    expect(back.jobs).toEqual(first.jobs);
    expect(first.jobs[0].settings).not.toHaveProperty("tasks");
    expect((await list("&expand_tasks=True")).jobs[0].settings.tasks).toHaveLength(1);
  });

  it("gives tasks beyond a hundred on a second page", async () => {
    const tasks = Array.from({ length: 101 }, (_, index) => ({
      task_key: `t${index}`,
      notebook_task: { notebook_path: "/x" },
    }));
    const { job_id: jobId } = (await bench.call("POST", "/api/2.2/jobs/create", { name: "wide", tasks })).body;

    const first = (await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}`)).body;
    const second = (await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}&page_token=${first.next_page_token}`))
      .body;

    expect([first.settings.tasks.length, second.settings.tasks.length]).toEqual([100, 1]);
    expect(second).not.toHaveProperty("next_page_token");
  });

  it.each([
    [{ tasks: [] }, "at least one task"],
    [
      { tasks: [{ task_key: "a", notebook_task: { notebook_path: "/x" }, depends_on: [{ task_key: "b" }] }] },
      "depends on unknown task b",
    ],
    [{ tasks: [{ task_key: "a", spark_jar_task: {} }] }, "only notebook_task"],
    [{ tasks: [{ task_key: "a", notebook_task: { notebook_path: "x" } }] }, "must be absolute"],
    [{ ...settings("x"), max_concurrent_runs: "many" }, "max_concurrent_runs must be an integer"],
    [
      {
        tasks: ["a", "b"].map((key) => ({
          task_key: key,
          notebook_task: { notebook_path: "/x" },
          depends_on: [{ task_key: key === "a" ? "b" : "a" }],
        })),
      },
      "form a cycle",
    ],
  ])("refuses bad settings %#, naming the field", async (body, text) => {
    const answer = await bench.call("POST", "/api/2.2/jobs/create", body);

    expect(answer).toMatchObject({
      status: 400,
      body: { error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(text) },
    });
  });
});

describe("runs/list", () => {
  it("filters by job and state, newest first", async () => {
    const jobId = await bench.job(["sleep 400", "exit"], { max_concurrent_runs: 5 });
    const runIds = [await bench.runNow(jobId), await bench.runNow(jobId)];
    const list = async (query: string) =>
      (await bench.call("GET", `/api/2.2/jobs/runs/list?job_id=${jobId}&${query}`)).body.runs?.map(
        (run) => run.run_id,
      ) ?? [];

    const active = await list("active_only=true");
    await Promise.all(runIds.map(async (id) => bench.ended(id)));

    expect(active).toEqual([...runIds].reverse());
    expect(await list("active_only=true")).toEqual([]);
    expect(await list("completed_only=true&limit=1")).toEqual([runIds[1]]);
    expect((await bench.call("GET", "/api/2.2/jobs/runs/list?limit=26")).status).toBe(400);
    expect((await bench.call("GET", "/api/2.2/jobs/runs/list?page_token=nonsense")).body.message).toBe(
      "Invalid page_token.",
    );
  });
});

describe("bundle jobs", () => {
  it("exist from the start, with variables of the target local", async () => {
    const { body } = await bench.call("GET", "/api/2.2/jobs/list?name=sample-score&expand_tasks=true");

    expect(body.jobs).toHaveLength(1);
    expect(body.jobs[0].settings.parameters).toEqual([
      { name: "catalog", default: "spark_catalog" },
      { name: "where", default: "local:/Volumes/spark_catalog" },
    ]);
    const run = await bench.ended(await bench.runNow(body.jobs[0].job_id, { job_parameters: { catalog: "other" } }));
    expect(run.state.result_state).toBe("SUCCESS");
  });
});

describe("pages", () => {
  it("show a job with its runs and settings, escaped", async () => {
    const jobId = await bench.job(["exit"], {
      name: "<u>paged</u>",
      schedule: { quartz_cron_expression: "0 0 3 ? * SUN", timezone_id: "UTC" },
    });
    const run = await bench.ended(await bench.runNow(jobId));

    const response = await fetch(`${bench.url}/jobs/${jobId}`);
    const page = await response.text();

    expect(response.status).toBe(200);
    expect(page).toContain("&lt;u&gt;paged&lt;/u&gt;");
    expect(page).toContain(`/jobs/${jobId}/runs/${run.run_id}`);
    expect(page).toMatch(/next start 20\d\d-\d\d-\d\d 03:00:00/);
    expect(page).toContain("notebook_path");
    expect(await (await fetch(`${bench.url}/`)).text()).toContain(`href="/jobs/${jobId}"`);
    expect((await fetch(`${bench.url}/jobs/7`)).status).toBe(400);
    expect((await fetch(`${bench.url}/jobs/x`)).status).toBe(400);
  });

  it("show a run, escaped, without a token", async () => {
    const jobId = await bench.job(["print <script>alert(1)</script>", "raise ValueError: <b>bad</b>"], {
      name: "<i>job</i>",
    });
    const run = await bench.ended(await bench.runNow(jobId, { job_parameters: { where: "<a>" } }));

    const page = await (await fetch(run.run_page_url)).text();
    const index = await (await fetch(`${bench.url}/`)).text();

    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).toContain("ValueError: &lt;b&gt;bad&lt;/b&gt;");
    expect(page).not.toMatch(/<script|<b>|<i>job|<a>/);
    expect(page).not.toContain("\u001b");
    expect(index).toContain("&lt;i&gt;job&lt;/i&gt;");
    expect(index).toContain(`/jobs/${jobId}/runs/${run.run_id}`);
  });
});

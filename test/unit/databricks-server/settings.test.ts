import { Bench } from "./harness";

const bench = new Bench();
const log: string[] = [];
beforeAll(async () => bench.start({ log: (line) => log.push(line) }));
afterAll(async () => bench.remove());

const task = (more: object = {}) => ({ task_key: "t", notebook_task: { notebook_path: "/x" }, ...more });
const create = async (settings: object) =>
  bench.call("POST", "/api/2.2/jobs/create", { name: "checked", tasks: [task()], ...settings });

describe("settings that the service refuses", () => {
  const schedule = (more: object) => ({
    schedule: { quartz_cron_expression: "0 0 9 * * ?", timezone_id: "UTC", ...more },
  });
  const cluster = (more: object) => ({ tasks: [task({ new_cluster: more })] });
  const libraries = (...items: object[]) => ({ tasks: [task({ libraries: items })] });

  it.each<[string, object, RegExp]>([
    ["a cron expression of five fields", schedule({ quartz_cron_expression: "0 9 * * *" }), /6 or 7 fields, found 5/],
    ["a bad field", schedule({ quartz_cron_expression: "0 61 9 * * ?" }), /minutes "61" must be within 0 and 59/],
    ["both days", schedule({ quartz_cron_expression: "0 0 9 * * *" }), /exactly one of day of month and day of week/],
    ["a day that never comes", schedule({ quartz_cron_expression: "0 0 9 30 2 ?" }), /never fires/],
    ["an unknown time zone", schedule({ timezone_id: "Mars/Olympus" }), /timezone_id "Mars\/Olympus"/],
    [
      "a schedule without time zone",
      schedule({ timezone_id: undefined }),
      /Missing required field: schedule.timezone_id/,
    ],
    ["a bad pause status", schedule({ pause_status: "OFF" }), /schedule.pause_status must be PAUSED or UNPAUSED/],
    ["two triggers", { ...schedule({}), continuous: {} }, /only one of schedule, trigger and continuous/],
    ["no trigger's text", { trigger: "daily" }, /trigger must be an object/],
    [
      "an unknown unit",
      { trigger: { periodic: { interval: 1, unit: "YEARS" } } },
      /trigger.periodic.unit must be one of MINUTES, HOURS, DAYS, WEEKS/,
    ],
    ["no interval", { trigger: { periodic: { interval: 0, unit: "DAYS" } } }, /interval must be at least 1/],
    [
      "an unknown job cluster",
      { tasks: [task({ job_cluster_key: "main" })] },
      /Task t: job_cluster_key main is not defined in job_clusters/,
    ],
    [
      "one job cluster twice",
      { job_clusters: [1, 2].map(() => ({ job_cluster_key: "a", new_cluster: {} })) },
      /Duplicate job_cluster_key a/,
    ],
    ["a job cluster without specification", { job_clusters: [{ job_cluster_key: "a" }] }, /Job cluster a: new_cluster/],
    [
      "two clusters for one task",
      { tasks: [task({ new_cluster: {}, existing_cluster_id: "c" })] },
      /only one of new_cluster and existing_cluster_id/,
    ],
    ["spark_conf that is a list", cluster({ spark_conf: ["a=b"] }), /Task t: spark_conf must be a map of strings/],
    ["a nested value", cluster({ spark_conf: { a: { b: 1 } } }), /spark_conf.a must be a string/],
    ["a bad variable name", cluster({ spark_env_vars: { "a-b": "1" } }), /"a-b" is no name of an environment variable/],
    [
      "a library of two kinds",
      libraries({ whl: "/a.whl", jar: "/b.jar" }),
      /libraries\[0\] must be exactly one of pypi/,
    ],
    ["an unknown library", libraries({ npm: "left-pad" }), /libraries\[0\] must be exactly one of pypi/],
    [
      "a library without package",
      libraries({ pypi: {} }),
      /Missing required field: Task t: libraries\[0\].pypi.package/,
    ],
    [
      "disabled that is no boolean",
      { tasks: [task({ disabled: "perhaps" })] },
      /Task t.disabled must be true or false/,
    ],
    ["a negative time-out", { timeout_seconds: -1 }, /timeout_seconds must not be negative/],
    ["a negative time-out of a task", { tasks: [task({ timeout_seconds: -1 })] }, /Task t.timeout_seconds must not be/],
    ["fewer retries than endless", { tasks: [task({ max_retries: -2 })] }, /Task t.max_retries must be at least -1/],
    ["a parameter twice", { parameters: [1, 2].map(() => ({ name: "a", default: "" })) }, /Duplicate job parameter a/],
    ["a task twice", { tasks: [task(), task()] }, /Duplicate task_key t/],
    [
      "a dependency twice",
      { tasks: [task(), task({ task_key: "u", depends_on: [{ task_key: "t" }, { task_key: "t" }] })] },
      /Task u: depends_on names task t twice/,
    ],
    ["webhooks that are no list", { webhook_notifications: { on_start: "me" } }, /on_start must be a list of objects/],
    [
      "more than three destinations",
      { webhook_notifications: { on_start: ["a", "b", "c", "d"].map((id) => ({ id })) } },
      /on_start has at most 3 destinations/,
    ],
    ["26 tags", { tags: Object.fromEntries(Array.from({ length: 26 }, (_, i) => [`t${i}`, ""])) }, /at most 25 tags/],
    ["a notebook from Git", { tasks: [task({ notebook_task: { notebook_path: "/x", source: "GIT" } })] }, /WORKSPACE/],
  ])("%s", async (_what, settings, message) => {
    const answer = await create(settings);

    expect(answer.status).toBe(400);
    expect(answer.body.error_code).toBe("INVALID_PARAMETER_VALUE");
    expect(answer.body.message).toMatch(message);
  });

  it("are refused by update, reset and submit as well, and change nothing", async () => {
    const { job_id } = (await create({})).body;
    const bad = { schedule: { quartz_cron_expression: "x", timezone_id: "UTC" } };
    const unknown = { tasks: [task({ job_cluster_key: "none" })] };

    const answers = [
      await bench.call("POST", "/api/2.2/jobs/update", { job_id, new_settings: bad }),
      await bench.call("POST", "/api/2.2/jobs/reset", { job_id, new_settings: { name: "r", ...unknown } }),
      await bench.call("POST", "/api/2.2/jobs/runs/submit", { run_name: "s", ...unknown }),
    ];

    expect(answers.map((answer) => answer.status)).toEqual([400, 400, 400]);
    const { settings } = (await bench.call("GET", `/api/2.2/jobs/get?job_id=${job_id}`)).body;
    expect(settings).not.toHaveProperty("schedule");
    expect(settings.name).toBe("checked");
  });
});

describe("settings that have no effect here", () => {
  const settings = {
    name: "warned",
    email_notifications: { on_failure: ["a@example.com"] },
    health: { rules: [{ metric: "RUN_DURATION_SECONDS", op: "GREATER_THAN", value: 5 }] },
    webhook_notifications: { on_failure: [{ id: "nowhere" }], on_streaming_backlog_exceeded: [{ id: "nowhere" }] },
    trigger: { file_arrival: { url: "/Volumes/main/default/v/" } },
    job_clusters: [
      {
        job_cluster_key: "main",
        new_cluster: { num_workers: 2, init_scripts: [{ workspace: { destination: "/i.sh" } }] },
      },
    ],
    retries: 3,
    tasks: [task({ job_cluster_key: "main", email_notifications: { on_start: ["a@example.com"] }, timeout: 5 })],
  };
  const wanted = [
    "email_notifications has no effect here: no mail is sent.",
    "health has no effect here: health rules are not watched.",
    "retries has no effect here: the local Databricks does not know this setting.",
    "trigger.file_arrival has no effect here: the job starts by run-now only.",
    "webhook_notifications.on_streaming_backlog_exceeded has no effect here: health rules are not watched.",
    "webhook_notifications: notification destination nowhere does not exist.",
    "Job cluster main: init_scripts has no effect here: init scripts are not run.",
    "Task t: email_notifications has no effect here: no mail is sent.",
    "Task t: timeout has no effect here: the local Databricks does not know this setting.",
  ];

  it("are told in the answer, in the log and on the pages of job and run", async () => {
    const created = await create(settings);
    const jobId = created.body.job_id;
    const started = await bench.call("POST", "/api/2.2/jobs/run-now", { job_id: jobId });
    const run = await bench.ended(started.body.run_id);

    expect([...created.body.warnings].sort()).toEqual([...wanted].sort());
    expect(started.body.warnings).toEqual(created.body.warnings);
    expect(run.warnings).toEqual(created.body.warnings);
    expect((await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}`)).body.warnings).toEqual(created.body.warnings);
    for (const warning of wanted) {
      expect(log).toContain(`job ${jobId} "warned": ${warning}`);
      for (const page of [`/jobs/${jobId}`, `/jobs/${jobId}/runs/${run.run_id}`])
        expect(await (await fetch(bench.url + page)).text()).toContain(warning);
    }
  });

  it("are told by update and submit, and not at all for settings that are empty or served", async () => {
    const plain = await create({
      email_notifications: { no_alert_for_skipped_runs: false, on_failure: [] },
      webhook_notifications: {},
      health: null,
      tags: { a: "b" },
      job_clusters: [
        { job_cluster_key: "main", new_cluster: { spark_version: "x", num_workers: 8, spark_conf: { a: 1 } } },
      ],
      tasks: [task({ job_cluster_key: "main", libraries: [{ pypi: { package: "x" } }] })],
    });
    const updated = await bench.call("POST", "/api/2.2/jobs/update", {
      job_id: plain.body.job_id,
      new_settings: { git_source: { git_url: "https://example.com/a.git" } },
    });
    const submitted = await bench.call("POST", "/api/2.2/jobs/runs/submit", {
      run_name: "s",
      tasks: [task({ existing_cluster_id: "c-1" })],
    });

    expect(plain.body).not.toHaveProperty("warnings");
    expect(updated.body.warnings).toEqual(["git_source has no effect here: no Git checkout is made."]);
    expect(submitted.body.warnings).toEqual([
      "Task t: existing_cluster_id has no effect here: the task runs on the local cluster.",
    ]);
  });
});

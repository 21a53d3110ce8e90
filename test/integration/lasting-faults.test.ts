import { CoreApp, type RunView } from "../support/core-app";

/** The app on the embedded host while Databricks answers wrongly for longer than a moment. */

const script = (_job: string, _nth: number, parameters: Readonly<Record<string, string>>) =>
  JSON.parse(parameters["behaviour"] || "{}") as object;

let app: CoreApp;
beforeAll(async () => {
  app = await CoreApp.start(script);
}, 90_000);
afterAll(async () => {
  await app?.stop();
});
beforeEach(() => {
  app.jobs.runs.length = 0;
  app.jobs.faults.length = 0;
});

const start = async (behaviour: object): Promise<RunView> => {
  const body = { rerun: true, parameters: { behaviour: JSON.stringify(behaviour) } };
  return (await app.api("POST", "pipelines/meters/runs", body)).body;
};
const runsOf = (id: string) => app.jobs.runs.filter((run) => run.parameters["run_id"] === id);

it.each<[string, { status: number; body?: object | string }]>([
  ["404 of a proxy", { status: 404, body: "<html>Not Found</html>" }],
  [
    "a run that is said not to exist",
    { status: 400, body: { error_code: "INVALID_PARAMETER_VALUE", message: "Run 1000 does not exist." } },
  ],
])(
  "keeps a live run and its slot through %s, so that the next run of the group does not overlap it",
  async (_name, fault) => {
    const first = await start({ delayMs: 4000 });
    await app.until("a Databricks run", async () => app.jobs.runs.length > 0);
    app.jobs.faults.push({ path: "runs/get", ...fault });
    const second = await start({ delayMs: 10 });

    const ended = [await app.ended(first.id, 150), await app.ended(second.id, 150)];

    expect(ended.map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
    expect(runsOf(first.id)).toHaveLength(3);
    const lastOfFirst = Math.max(...runsOf(first.id).map((run) => run.startedAt + (run.behaviour.delayMs ?? 0)));
    expect(Math.min(...runsOf(second.id).map((run) => run.startedAt))).toBeGreaterThanOrEqual(lastOfFirst);
  },
  330_000,
);

it("ends a cancelled run although Databricks never gives the output of its step", async () => {
  const run = await start({ delayMs: 10 });
  app.jobs.faults.push({ path: "runs/get-output", status: 500, times: 1000 });
  await app.until(
    "the end of the Databricks run",
    async () => app.jobs.runs.length > 0 && app.jobs.active().length === 0,
  );

  await app.api("POST", `runs/${run.id}/cancel`);

  expect(await app.ended(run.id, 120)).toMatchObject({ state: "cancelled" });
  expect(app.jobs.runs).toHaveLength(1);
}, 200_000);

import { CoreApp } from "../support/core-app";

describe("the app on the embedded host", () => {
  let app: CoreApp;

  beforeAll(async () => {
    app = await CoreApp.start((_job, _nth, parameters) => JSON.parse(parameters["behaviour"] || "{}") as object);
  }, 90_000);

  afterAll(async () => {
    await app?.stop();
  });

  it("turns drops into one batch and one Databricks run a step", async () => {
    await app.drop("north/2015-11-15.csv");
    await app.drop("south/2015-11-15.csv");

    const run = await app.until("a run", async () => (await app.runs())[0]);
    const ended = await app.ended(run.id);

    expect(ended).toMatchObject({ state: "succeeded" });
    expect((await app.manifest(run.id))?.files.map((file) => file.path)).toEqual(["north/2015-11-15.csv", "south/2015-11-15.csv"]);
    expect(app.jobs.runs.map((one) => one.jobName)).toEqual(["meters-count", "meters-total", "meters-rank"]);
  }, 120_000);
});

import { batchSchema } from "../../../src/api/batches/operations";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { callApi } from "../../support/api-calls";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const batchOf = async (runId: string, query = "") => {
  const ports = { runs: fixture.activities.requests, manifests: fixture.ledger.manifests };
  return callApi("getBatch", ports, { params: { runId }, query });
};

describe("getBatch", () => {
  it("shows exactly the files that the run reads, over linked pages", async () => {
    const driver = new BatchDriver(fixture);
    for (const day of ["14", "15", "16"]) await driver.deliver(`telemetry/2015-11-${day}.csv`, `text of ${day}`);
    const runId = await fixture.openRun();
    await driver.make(runId);

    const first = batchSchema.parse((await batchOf(runId, "?top=2")).body);
    const second = batchSchema.parse((await batchOf(runId, new URL(first.nextLink ?? "").search)).body);

    expect(first).toMatchObject({ runId, pipeline: "scoring", files: 3, bytes: 30 });
    expect([...first.value, ...second.value].map(({ path }) => path)).toEqual(await fixture.manifestPaths(runId));
    expect(second).not.toHaveProperty("nextLink");
  });

  it("does not know a run, or its batch before the freeze: 404", async () => {
    const runId = await fixture.openRun();

    expect(await batchOf("nope")).toMatchObject({ status: 404, body: { title: "Unknown run" } });
    expect(await batchOf(runId)).toMatchObject({ status: 404, body: { title: "The run has no batch yet" } });
  });
});

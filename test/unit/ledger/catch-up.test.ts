import type { ClosingState } from "../../../src/domain/activity-types";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;

async function prepare(catchUp: boolean): Promise<void> {
  fixture = await createActivityFixture(storage.connectionString, undefined, { drops: { catchUp } });
  driver = new BatchDriver(fixture);
}

/** A run with a drop that ended so. */
async function earlierRun(state: ClosingState): Promise<void> {
  await driver.deliver("telemetry/a.csv", `before ${state} ${Math.random()}`);
  const run = await fixture.openRun();
  expect(await driver.make(run)).toEqual(["telemetry/a.csv"]);
  await driver.close(run, state);
}

/** What the freeze of a run without drops decides. */
async function decided(reason: "drops" | "schedule"): Promise<"written" | "empty"> {
  const run = await fixture.openRun({ reason });
  await driver.claim(run);
  const kind = await driver.decide(run);
  await driver.close(run, kind === "empty" ? "nothing_to_do" : "succeeded");
  return kind;
}

describe("a scheduled run without a drop", () => {
  it.each(["not_ready", "failed", "cancelled"] as const)("runs its steps after one that ended as %s", async (state) => {
    await prepare(true);
    await earlierRun(state);

    expect(await decided("schedule")).toBe("written");
    expect(await decided("schedule")).toBe("empty");
  });

  it("has nothing to do after a run that succeeded, however many without a drop lie between", async () => {
    await prepare(true);
    expect(await decided("schedule")).toBe("empty");
    await earlierRun("not_ready");
    await earlierRun("succeeded");
    for (let night = 0; night < 25; night += 1) expect(await decided("schedule")).toBe("empty");

    await earlierRun("not_ready");
    for (let round = 0; round < 25; round += 1) expect(await decided("drops")).toBe("empty");
    expect(await decided("schedule")).toBe("written");
  }, 120_000);

  it("ends as nothing to do where the definition does not want it", async () => {
    await prepare(false);
    await earlierRun("not_ready");

    expect(await decided("schedule")).toBe("empty");
  });
});

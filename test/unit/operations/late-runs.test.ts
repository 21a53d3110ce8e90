import { sweepLateRuns } from "../../../src/sweeps/late-runs";
import { sweepMessages } from "../../../src/sweeps/messages";
import { createActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();

describe("a run that takes too long", () => {
  it("is told of once for every attempt, with what it is about", async () => {
    const fixture = await createActivityFixture(storage.connectionString);
    await fixture.ledger.registry.register("scoring", "group");
    const runId = await fixture.openRun();
    await sweepLateRuns(fixture.pass);
    expect(await fixture.ledger.outbox.waiting("scoring", 10)).toEqual([]);

    fixture.clock.advance(43_201_000);
    for (let pass = 0; pass < 3; pass += 1) {
      await sweepLateRuns(fixture.pass);
      await sweepMessages(fixture.pass);
    }

    expect(fixture.notified).toMatchObject([
      { kind: "runLate", id: `late-${runId}-a1`, runId, remarks: [{ topic: "late" }] },
    ]);
  });

  it("is told as recovered when it ends well after a run that failed", async () => {
    const fixture = await createActivityFixture(storage.connectionString);
    await fixture.ledger.registry.register("scoring", "group");
    const [first, second] = [await fixture.openRun({ rerun: true }), await fixture.openRun({ rerun: true })];
    const end = async (runId: string, state: "failed" | "succeeded") => {
      await fixture.ledger.runs.change(runId, () => ({ state, endedAt: "2026-01-01T00:00:00.000Z" }));
      await sweepMessages(fixture.pass);
    };
    await end(first, "failed");
    await end(second, "succeeded");

    expect(fixture.notified.at(-1)?.remarks).toContainEqual({
      topic: "recovered",
      text: `the run before it, ${first}, had failed`,
    });
    expect(fixture.notified.at(-1)).toMatchObject({ result: { batchId: second, tables: [] } });
  });
});

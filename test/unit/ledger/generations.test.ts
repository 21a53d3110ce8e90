import { isCurrent, mayHaveStarted } from "../../../src/domain/generation";
import { toGeneration } from "../../../src/ledger/generation-rows";
import { useAzurite } from "../../support/azurite";
import { aPipeline, createTestLedger, type TestLedger } from "../../support/ledger";

const storage = useAzurite();
let test: TestLedger;

beforeEach(() => {
  test = createTestLedger(storage.connectionString, aPipeline("scoring"));
});

const RUN = "scoring-20260101t000000-0000000a";
const INTENT = { attempt: 1, step: "ingestion", job: "job", idempotencyToken: "t", intendedAt: "2026-01-01T00:00:00Z" };
const intend = async (ordinal: number, generation: number) =>
  test.ledger.generations.intend({ runId: RUN, ordinal, generation, ...INTENT });

describe("generations", () => {
  it("take the changes of thirty writers at once", async () => {
    await intend(0, 0);

    await Promise.all(
      Array.from({ length: 30 }, async () =>
        test.ledger.generations.change(RUN, 0, 0, ({ submissions }) => ({ submissions: submissions + 1 })),
      ),
    );

    expect(await test.ledger.generations.get(RUN, 0, 0)).toMatchObject({ submissions: 30 });
  }, 60_000);

  it("of version 0.1.0, which counted no calls, may have been started; fields of later versions pass", () => {
    const keys = { partitionKey: `generation|${RUN}`, rowKey: "g|0000|0000", etag: "e" };
    const known = { schemaVersion: 1, step: "ingestion", runId: RUN, status: "ok", reason: null };
    const exit = JSON.stringify({ ...known, counts: {}, tables: {}, warnings: [], later: 1 });

    const record = toGeneration({ ...keys, runId: RUN, ordinal: 0, generation: 0, ...INTENT, terminal: false, exit });

    expect(record).toMatchObject({
      submissions: 1,
      refusals: 0,
      lastSubmittedAt: INTENT.intendedAt,
      needsPerson: null,
    });
    expect(mayHaveStarted(record)).toBe(true);
    expect(mayHaveStarted({ ...record, databricksRunId: "1" })).toBe(false);
  });

  it("are current when they are the last, by step and generation", async () => {
    await intend(1, 0);
    await intend(0, 0);
    await intend(0, 1);

    const all = await test.ledger.generations.list(RUN);

    expect(all.map((record) => isCurrent(record, all))).toEqual([false, false, true]);
  });

  it("are unsettled until they are terminal, and again when their run turns up after all", async () => {
    const { generations, now } = test.ledger;
    const open = async () => (await generations.unsettled(now())).length;
    await intend(0, 0);
    expect(await open()).toBe(1);

    await generations.change(RUN, 0, 0, () => ({ terminal: true }));
    expect([await open(), await open()]).toEqual([0, 0]);
    await generations.change(RUN, 0, 0, () => ({ terminal: false }));

    expect(await open()).toBe(1);
  });
});

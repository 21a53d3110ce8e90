import { randomBytes } from "node:crypto";
import type { TablePort } from "../../../src/ledger/ports";
import { useAzurite } from "../../support/azurite";
import { aPipeline, createTestLedgerOver } from "../../support/ledger";

const storage = useAzurite();

/** A ledger that counts its point reads and queries. */
function countedLedger() {
  const reads = { gets: 0, queries: 0 };
  const counted = (port: TablePort): TablePort => ({
    get: async (...keys) => {
      reads.gets += 1;
      return port.get(...keys);
    },
    query: (range) => {
      reads.queries += 1;
      return port.query(range);
    },
    insert: async (row) => port.insert(row),
    merge: async (row, expected) => port.merge(row, expected),
    put: async (row) => port.put(row),
    set: async (row) => port.set(row),
    remove: async (...keys) => port.remove(...keys),
    transact: async (changes) => port.transact(changes),
  });
  const tables: TablePort[] = [];
  const keep = (port: TablePort): TablePort => {
    tables.push(port);
    return counted(port);
  };
  const test = createTestLedgerOver(storage.connectionString, [aPipeline("scoring")], { table: keep });
  const request = async () => {
    const alias = randomBytes(4).toString("hex");
    const asked = { pipeline: "scoring", reason: "http", alias, rerun: true } as const;
    test.clock.advance(1000);
    return (await test.runs.requestRun(asked, test.starter)).run.runId;
  };
  const close = async (runId: string) => test.ledger.runs.change(runId, () => ({ state: "failed" }));
  const failed = async () => (await test.ledger.runs.list("scoring", "failed", 50)).items;
  return { ...test, reads, request, close, failed, tables };
}

/** The index row of a run under a state, as the version before left it, or none. */
async function setIndex(tables: readonly TablePort[], runId: string, from: string, to: string | null): Promise<void> {
  for (const table of tables) {
    for await (const row of table.query({ partition: "scoring", from: `state|${from}|`, before: `state|${from}|~` })) {
      if (row["runId"] !== runId) continue;
      await table.remove("scoring", row.rowKey);
      if (to !== null)
        await table.put({ partitionKey: "scoring", rowKey: row.rowKey.replace(`|${from}|`, `|${to}|`), runId });
    }
  }
}

it("lists runs of a state with one query, however many there are", async () => {
  const { reads, request, close, failed } = countedLedger();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) ids.push(await request());
  for (const id of ids) await close(id);
  await failed();
  Object.assign(reads, { gets: 0, queries: 0 });

  const items = await failed();

  expect(items.map(({ runId }) => runId)).toEqual(ids.reverse());
  expect(reads).toEqual({ gets: 0, queries: 1 });
});

it("shows in the list what changed within a state", async () => {
  const { ledger, request, close, failed } = countedLedger();
  const id = await request();
  await close(id);

  await ledger.runs.change(id, () => ({
    supersededBy: "scoring-later",
    batch: { drops: 3, bytes: 9, superseded: 0, vanished: 0, quarantined: 1 },
  }));

  const [run] = await failed();
  expect(run).toMatchObject({ supersededBy: "scoring-later", batch: { drops: 3, quarantined: 1 } });
  expect(run).toEqual({ ...(await ledger.runs.get(id)), etag: run?.etag });
});

it("lists a run whose index row an interim version wrote without the run", async () => {
  const { request, close, failed, tables } = countedLedger();
  const id = await request();
  await close(id);
  await setIndex(tables, id, "failed", "failed");

  expect(await failed()).toMatchObject([{ runId: id, state: "failed", attempt: 1 }]);
});

it.each([
  ["is gone", null],
  ["stands under the state that comes next", "requested"],
  ["stands under a state that is over", "queued"],
])(
  "changes a run whose index row %s, as after a version that keeps none",
  async (_, to) => {
    const { ledger, request, close, failed, tables } = countedLedger();
    const id = await request();
    await close(id);
    await setIndex(tables, id, "failed", to);

    await ledger.runs.change(id, () => ({ state: "requested", attempt: 2 }));

    expect(await failed()).toEqual([]);
    expect((await ledger.runs.list("scoring", "queued", 50)).items).toEqual([]);
    expect((await ledger.runs.list("scoring", "requested", 50)).items).toMatchObject([{ runId: id, attempt: 2 }]);
  },
  60_000,
);

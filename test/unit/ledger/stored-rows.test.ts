import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createStorageClients } from "../../../src/config/storage-clients";
import type { NewRow } from "../../../src/ledger/ports";
import { AzureTable } from "../../../src/ledger/azure-table";
import { useAzurite } from "../../support/azurite";
import { openLedger } from "../../support/ledger";

/** Rows as a released version wrote them: one run that succeeded, one that failed, one with the slot, one that waits. */
interface Recorded {
  readonly version: string;
  readonly runs: { readonly good: string; readonly bad: string; readonly open: string; readonly waiting: string };
  readonly tables: Readonly<Record<string, readonly NewRow[]>>;
}

const FOLDER = join(__dirname, "..", "..", "fixtures", "ledger");
const recorded = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Recorded);
const storage = useAzurite();

/** Puts the rows into tables of their own, each with `extra` columns. */
async function restore({ tables }: Recorded, extra: object = {}) {
  const clients = createStorageClients({ kind: "connectionString", connectionString: storage.connectionString });
  const prefix = `v${randomBytes(6).toString("hex")}`;
  for (const [name, rows] of Object.entries(tables)) {
    const table = new AzureTable(clients.table(`${prefix}${name}`));
    for (const row of rows) await table.insert({ ...row, ...extra });
  }
  return openLedger(storage.connectionString, "test", prefix);
}

describe.each(recorded)("rows of version $version", (rows) => {
  const { good, bad, open, waiting } = rows.runs;

  it("are read as what they were", async () => {
    const ledger = await restore(rows);

    expect(await ledger.runs.find(good)).toMatchObject({
      run: { state: "succeeded", attempt: 1, batch: { drops: 2, superseded: 1 } },
      definition: { name: "scoring", concurrencyGroup: "group" },
    });
    expect(await ledger.generations.list(bad)).toMatchObject([
      { step: "ingestion", terminal: true, verdict: { kind: "succeeded" }, exit: { status: "ok" } },
      { step: "scoring", terminal: true, verdict: { kind: "failed", cause: "code" } },
    ]);
    expect((await ledger.runs.open("scoring")).map(({ runId }) => runId)).toEqual([open, waiting]);
    expect(await ledger.slots.inspect("group")).toEqual({ holder: `${open}-a1`, waiting: [`${waiting}-a1`] });
    expect(await ledger.drops.pending("scoring")).toMatchObject({ count: 1 });
    expect(await ledger.states.get("scoring")).toMatchObject({ scheduledUntil: expect.any(String) });
  });

  it("are gone on with: a run is retried and closed, and is found under its state", async () => {
    const ledger = await restore(rows);

    await ledger.runs.change(bad, (run) => ({ state: "requested", attempt: run.attempt + 1 }));
    expect((await ledger.runs.list("scoring", "requested", 10)).items.map(({ runId }) => runId)).toContain(bad);
    await ledger.runs.change(bad, () => ({ state: "cancelled" }));

    expect((await ledger.runs.list("scoring", "cancelled", 10)).items.map(({ runId }) => runId)).toEqual([bad]);
    expect((await ledger.runs.list("scoring", "requested", 10)).items).toEqual([]);
    expect((await ledger.outbox.waiting("scoring", 10)).map(({ id }) => id)).toEqual([`${bad}-a2`]);
  });

  it("are read with columns and definition keys that a newer version added", async () => {
    const added = structuredClone(rows) as { tables: Record<string, Record<string, unknown>[]> } & Recorded;
    for (const row of added.tables["runs"] ?? []) {
      for (const column of ["definition", "exit", "window"]) {
        if (typeof row[column] !== "string" || row[column] === "") continue;
        row[column] = JSON.stringify({ ...(JSON.parse(row[column]) as object), newKey: { nested: 1 } });
      }
    }
    const ledger = await restore(added, { newColumn: "x" });

    expect(await ledger.runs.find(good)).toMatchObject({ definition: { name: "scoring" } });
    expect(await ledger.generations.list(bad)).toHaveLength(2);
    expect((await ledger.runs.get(open))?.window).toEqual({
      start: "2015-11-01T00:00:00.000Z",
      end: "2015-11-02T00:00:00.000Z",
    });
  });
});

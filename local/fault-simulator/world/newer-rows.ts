import type { NewRow, TablePort } from "../../../src/ledger/ports";

/** JSON columns get a field as well: a newer version may know more of a definition or of an exit value than this one. */
function newer(row: NewRow): NewRow {
  const changed: Record<string, unknown> = { ...row, columnOfTheNextVersion: "unknown to this one" };
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== "string" || !/^\{"/.test(value)) continue;
    changed[column] = `{"fieldOfTheNextVersion":1,${value.slice(1)}`;
  }
  return changed as NewRow;
}

/** A table as a newer version of the app writes it: rows with columns and fields that this version does not know (R8). */
export function newerRows(table: TablePort): TablePort {
  return {
    get: async (partitionKey, rowKey) => table.get(partitionKey, rowKey),
    insert: async (row) => table.insert(newer(row)),
    merge: async (row, expect) => table.merge(newer(row), expect),
    put: async (row) => table.put(newer(row)),
    set: async (row) => table.set(newer(row)),
    remove: async (partitionKey, rowKey, expect) => table.remove(partitionKey, rowKey, expect),
    transact: async (changes) =>
      table.transact(
        changes.map((change) => (change.kind === "delete" ? change : { ...change, row: newer(change.row) })),
      ),
    query: (range) => table.query(range),
  };
}

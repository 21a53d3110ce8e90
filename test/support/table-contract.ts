import type { Row, RowRange, TablePort } from "../../src/ledger/ports";
import { rowsOf } from "../../src/ledger/ranges";

const row = (partitionKey: string, rowKey: string, columns: Record<string, unknown> = {}) => ({
  partitionKey,
  rowKey,
  ...columns,
});

async function stored(table: TablePort, partitionKey: string, rowKey: string): Promise<Row> {
  const found = await table.get(partitionKey, rowKey);
  if (!found) throw new Error(`no row ${partitionKey} ${rowKey}`);
  return found;
}

/** What every implementation of the table port does; `open` gives a new, empty table at each call. */
export function tablePortContract(name: string, open: () => TablePort): void {
  describe(`${name}: one row`, () => {
    it("is inserted once, with text, numbers and booleans as they were", async () => {
      const table = open();
      const columns = { text: "it's ü", empty: "", whole: -7, large: 5_368_709_120, real: 0.5, yes: true, no: false };

      expect(await table.insert(row("p", "r", columns))).toBe(true);
      expect(await table.insert(row("p", "r", { text: "other" }))).toBe(false);

      expect(await table.get("p", "r")).toMatchObject({ ...columns, partitionKey: "p", rowKey: "r" });
      expect(await table.get("p", "other")).toBeNull();
      expect(await table.get("other", "r")).toBeNull();
    });

    it("is inserted by exactly one of many at once", async () => {
      const table = open();

      const answers = await Promise.all([1, 2, 3, 4, 5].map(async (by) => table.insert(row("p", "r", { by }))));

      expect(answers.filter((won) => won)).toHaveLength(1);
      expect((await stored(table, "p", "r"))["by"]).toBe(answers.indexOf(true) + 1);
    });

    it("is merged on condition of its entity tag, which changes with every write", async () => {
      const table = open();
      await table.insert(row("p", "r", { a: 1, b: "x" }));
      const { etag } = await stored(table, "p", "r");

      expect(await table.merge(row("p", "r", { a: 2 }), etag)).toBe(true);
      expect(await table.merge(row("p", "r", { a: 3 }), etag)).toBe(false);
      expect(await table.merge(row("p", "absent", { a: 3 }), etag)).toBe(false);

      const after = await stored(table, "p", "r");
      expect(after).toMatchObject({ a: 2, b: "x" });
      expect(after.etag).not.toBe(etag);
      expect(await table.get("p", "absent")).toBeNull();
    });

    it("is merged by exactly one of many with the same entity tag", async () => {
      const table = open();
      await table.insert(row("p", "r", { by: 0 }));
      const { etag } = await stored(table, "p", "r");

      const answers = await Promise.all([1, 2, 3, 4, 5].map(async (by) => table.merge(row("p", "r", { by }), etag)));

      expect(answers.filter((won) => won)).toHaveLength(1);
    });

    it("is replaced by put, and keeps other columns with set", async () => {
      const table = open();
      await table.put(row("p", "r", { a: 1 }));
      await table.set(row("p", "r", { b: 2 }));
      expect(await table.get("p", "r")).toMatchObject({ a: 1, b: 2 });
      await table.set(row("p", "new", { c: 3 }));
      expect(await table.get("p", "new")).toMatchObject({ c: 3 });

      await table.put(row("p", "r", { d: 4 }));

      const after = await stored(table, "p", "r");
      expect(after).toMatchObject({ d: 4 });
      expect(Object.keys(after)).not.toContain("a");
    });

    it("is removed, on condition when asked; an absent one is none", async () => {
      const table = open();
      await table.insert(row("p", "r", { a: 1 }));
      const { etag } = await stored(table, "p", "r");
      await table.merge(row("p", "r", { a: 2 }), etag);

      expect(await table.remove("p", "r", etag)).toBe(false);
      expect(await table.remove("p", "r", (await stored(table, "p", "r")).etag)).toBe(true);
      expect(await table.remove("p", "r")).toBe(false);
    });
  });

  describe(`${name}: a transaction`, () => {
    it("applies all of its changes", async () => {
      const table = open();
      await table.insert(row("p", "old", { a: 1 }));
      await table.insert(row("p", "gone"));
      const { etag } = await stored(table, "p", "old");

      const done = await table.transact([
        { kind: "merge", row: row("p", "old", { b: 2 }), expect: etag },
        { kind: "insert", row: row("p", "new", { c: 3 }) },
        { kind: "delete", partitionKey: "p", rowKey: "gone" },
      ]);

      expect(done).toBe(true);
      expect(await table.get("p", "old")).toMatchObject({ a: 1, b: 2 });
      expect(await table.get("p", "new")).toMatchObject({ c: 3 });
      expect(await table.get("p", "gone")).toBeNull();
    });

    it.each([
      ["a row to insert is there", { kind: "insert", row: row("p", "there", { a: 9 }) }],
      ["a row to merge has changed", { kind: "merge", row: row("p", "there", { a: 9 }), expect: 'W/"old"' }],
      ["a row to merge is absent", { kind: "merge", row: row("p", "absent", { a: 9 }), expect: 'W/"old"' }],
      ["a row to delete is absent", { kind: "delete", partitionKey: "p", rowKey: "absent" }],
    ] as const)("applies none of its changes when %s", async (_why, change) => {
      const table = open();
      await table.insert(row("p", "there", { a: 1 }));

      expect(await table.transact([{ kind: "insert", row: row("p", "new") }, change])).toBe(false);

      expect(await table.get("p", "new")).toBeNull();
      expect(await table.get("p", "there")).toMatchObject({ a: 1 });
    });
  });

  describe(`${name}: a query`, () => {
    let table: TablePort;
    const keys = async (range: RowRange): Promise<string[]> =>
      (await rowsOf(table, range)).map(({ partitionKey, rowKey }) => `${partitionKey}/${rowKey}`);

    beforeEach(async () => {
      table = open();
      for (const key of ["b/2", "a/1", "b|x/1", "b/10", "c/1", "b/1|z", "b/B", "b/1", "b/a'b"]) {
        const [partitionKey = "", rowKey = ""] = key.split("/");
        await table.insert(row(partitionKey, rowKey, { key }));
      }
    });

    it("gives the rows of a partition by row key, with their columns", async () => {
      expect(await keys({ partition: "b" })).toEqual(["b/1", "b/10", "b/1|z", "b/2", "b/B", "b/a'b"]);
      expect((await rowsOf(table, { partition: "b", limit: 1 }))[0]).toMatchObject({ key: "b/1" });
      expect(await keys({ partition: "none" })).toEqual([]);
    });

    it("keeps to its bounds", async () => {
      expect(await keys({ partition: "b", from: "10", before: "B" })).toEqual(["b/10", "b/1|z", "b/2"]);
      expect(await keys({ partition: "b", after: "10", before: "B" })).toEqual(["b/1|z", "b/2"]);
      expect(await keys({ partition: "b", after: "a'a" })).toEqual(["b/a'b"]);
      expect(await keys({ partition: "b", after: "10", limit: 2 })).toEqual(["b/1|z", "b/2"]);
      expect(await keys({ partition: "b", limit: 0 })).toEqual([]);
    });

    it("goes over partitions in order", async () => {
      expect(await keys({ partition: { from: "b", before: "c" }, limit: 7 })).toEqual([
        ...["b/1", "b/10", "b/1|z", "b/2", "b/B", "b/a'b"],
        "b|x/1",
      ]);
      expect(await keys({ partition: { after: "b", before: "d" } })).toEqual(["b|x/1", "c/1"]);
      expect(await keys({ partition: { from: "a", before: "d" }, from: "1", before: "10" })).toEqual([
        ...["a/1", "b/1", "b|x/1", "c/1"],
      ]);
    });

    it("gives every row of more than one page once", async () => {
      const names = Array.from({ length: 1100 }, (_, index) => String(index).padStart(4, "0"));
      for (let at = 0; at < names.length; at += 100)
        await table.transact(names.slice(at, at + 100).map((rowKey) => ({ kind: "insert", row: row("many", rowKey) })));

      expect(await keys({ partition: "many" })).toEqual(names.map((rowKey) => `many/${rowKey}`));
      expect(await keys({ partition: "many", limit: 1050 })).toHaveLength(1050);
    });
  });
}

import type { Row, RowRange, TablePort } from "./ports";

/** All rows of a range, in key order. */
export async function rowsOf(table: TablePort, range: RowRange): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of table.query(range)) rows.push(row);
  return rows;
}

/** Rows of a partition whose row key begins with `prefix`, optionally beyond `after`. Keys use no character above `~`. */
export async function listPrefix(
  table: TablePort,
  partitionKey: string,
  prefix: string,
  { after, limit }: { readonly after?: string; readonly limit?: number } = {},
): Promise<Row[]> {
  const lower = after === undefined ? { from: prefix } : { after };
  return rowsOf(table, {
    partition: partitionKey,
    ...lower,
    before: `${prefix}~`,
    ...(limit === undefined ? {} : { limit }),
  });
}

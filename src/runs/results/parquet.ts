/** A row of a Parquet file as it is decoded. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** Decodes a whole Parquet file that Spark wrote (plain, dictionary and Snappy). @throws Error when it is none */
export async function readParquet(bytes: Uint8Array): Promise<{ columns: readonly string[]; rows: ParquetRow[] }> {
  // Only who asks for predictions pays for the reader, and it comes as an ES module alone.
  const { parquetMetadata, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(buffer);
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  return { columns, rows: await parquetReadObjects({ file: buffer, metadata }) };
}

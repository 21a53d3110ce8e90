import { sha256 } from "./tokens";

/** Extensions that a frozen blob keeps: by them Spark chooses how to unpack and read. */
const EXTENSIONS = [".csv", ".json", ".jsonl", ".txt", ".xml"].flatMap((plain) => [
  `${plain}.gz`,
  `${plain}.bz2`,
  plain,
]);
const KEPT = [...EXTENSIONS, ".parquet", ".avro", ".orc"];

/** Longest part of a path that file systems take, in bytes. */
const MAX_SEGMENT = 255;
/** ASCII only: others have several spellings. Spark skips what begins with `_` or `.`, and takes `[ ] { } * ?` for patterns. */
const SAFE_SEGMENT = /^[A-Za-z0-9=+@-][A-Za-z0-9._=+@-]*$/;

/**
 * Frozen copy of a drop inside the batches container. The name is ours and the same for twin executions: nothing below the freeze
 * sees the name that a source system chose.
 */
export function frozenBlob(
  runId: string,
  drop: { readonly container: string; readonly path: string; readonly etag: string },
): string {
  const lower = drop.path.toLowerCase();
  const extension = KEPT.find((known) => lower.endsWith(known)) ?? "";
  return `${runId}/files/${sha256(`${drop.container}/${drop.path}\n${drop.etag}`).slice(0, 24)}${extension}`;
}

/** True when Spark and a volume read a blob of this path in place as that one file. */
export function readableInPlace(path: string): boolean {
  return path.split("/").every((segment) => SAFE_SEGMENT.test(segment) && segment.length <= MAX_SEGMENT);
}

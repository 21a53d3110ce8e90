import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

const MAX_SHOWN_BYTES = 256 * 1024;

/** The end of a task run's `stdout.log` or `stderr.log`; empty when there is none. */
export function readOutput(folder: string, name: "stdout.log" | "stderr.log"): string {
  let file: number;
  try {
    file = openSync(join(folder, name), "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, MAX_SHOWN_BYTES);
    const buffer = Buffer.alloc(length);
    const read = readSync(file, buffer, 0, length, size - length);
    return (size > length ? `… the last ${length} of ${size} bytes\n` : "") + buffer.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
}

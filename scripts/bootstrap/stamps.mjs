import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A digest of files and words; a step whose stamp holds it has nothing to do. */
export function digest(files, words = []) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  for (const word of words) hash.update(String(word));
  return hash.digest("hex");
}

export const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

export const isStamped = (stamp, value) => existsSync(stamp) && readFileSync(stamp, "utf8") === value;

/** Written last, so that a half-finished step is seen as such. */
export function writeStamp(stamp, value) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, value);
}

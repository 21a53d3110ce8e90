import { zipSync } from "fflate";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** The first day that a zip can name, in the machine's own time, as zip files have it: no clock and no time zone gets into the bytes. */
const mtime = new Date(1980, 0, 1);
/** Regular files that all may read: `-rw-r--r--` of Unix. */
const attributes = { os: 3, attrs: (0o100644 << 16) >>> 0 };

/** Packs all files of a folder, in the order of their names: the same files make the same bytes. */
export function zipFolder(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(folder, path).split(sep).join("/"), path])
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return zipSync(
    Object.fromEntries(files.map(([name, path]) => [name, [readFileSync(path), { mtime, ...attributes }]])),
  );
}

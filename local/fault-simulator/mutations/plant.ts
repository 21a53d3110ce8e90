import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Edit, Mutation } from "./mutation";

/** A copy of the app with a bug in it. */
export interface Planted {
  readonly folder: string;
  remove(): void;
}

/** Copies the compiled app beside itself, where it finds its packages, and plants the bug. Returns the text that is not there, if one is missing. */
export function plant(app: string, mutation: Mutation): Planted | { readonly missing: string } {
  const root = mkdtempSync(join(dirname(app), "mutant-"));
  const folder = join(root, "src");
  cpSync(app, folder, { recursive: true });
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  for (const edit of mutation.edits) {
    if (apply(folder, edit)) continue;
    remove();
    return { missing: edit.find[0] ?? "" };
  }
  return { folder, remove };
}

function apply(folder: string, { find, replace }: Edit): boolean {
  for (const text of find)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".js")) continue;
      const path = join(entry.parentPath, entry.name);
      const source = readFileSync(path, "utf8");
      if (!source.includes(text)) continue;
      writeFileSync(
        path,
        source.replaceAll(text, () => replace),
      );
      return true;
    }
  return false;
}

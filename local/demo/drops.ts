import type { ContainerClient } from "@azure/storage-blob";
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";

const DAY_AT_END = /\d{4}-\d{2}-\d{2}$/;

export interface DroppedFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Uploads the files below `folder` whose last day is `day`, each under its relative path; the largest first, so that the others
 * arrive within the collector's quiet period. With `earlier`, also those of the days before.
 */
export async function dropFiles(
  container: ContainerClient,
  folder: string,
  day: string,
  { earlier = false } = {},
): Promise<DroppedFile[]> {
  const wanted = (file: string): boolean => {
    const last = DAY_AT_END.exec(basename(file).split(".")[0] ?? "")?.[0];
    return last !== undefined && (earlier ? last <= day : last === day);
  };
  const files = existsSync(folder) ? listFiles(folder).filter(wanted) : [];
  if (files.length === 0) throw new Error(`no files to drop in ${folder} for ${day}`);
  files.sort((one, other) => statSync(other).size - statSync(one).size);
  const dropped: DroppedFile[] = [];
  for (const file of files) {
    const path = relative(folder, file).split(sep).join("/");
    await container.getBlockBlobClient(path).uploadFile(file);
    dropped.push({ path, bytes: statSync(file).size });
  }
  return dropped;
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

import type { ContainerClient } from "@azure/storage-blob";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

export interface DroppedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Uploads every file below `folder`, or only those of one day, under its own relative path. */
export async function dropFiles(container: ContainerClient, folder: string, day?: string): Promise<DroppedFile[]> {
  const files = existsSync(folder) ? listFiles(folder).filter((file) => day === undefined || file.includes(`${sep}${day}.`)) : [];
  if (files.length === 0) throw new Error(`no files to drop in ${folder}${day === undefined ? "" : ` for ${day}`}`);
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
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

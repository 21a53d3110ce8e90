import { closeSync, openSync, readSync } from "node:fs";
import { extname } from "node:path";

/** Languages of notebooks by the extension of their file. */
export const LANGUAGES: Readonly<Record<string, string>> = {
  ".py": "PYTHON",
  ".sql": "SQL",
  ".scala": "SCALA",
  ".r": "R",
};
const HEADER = /^(#|--|\/\/) Databricks notebook source/;
const COMMENTS: Readonly<Record<string, string>> = { ".py": "#", ".r": "#", ".sql": "--", ".scala": "//" };

/** Source imported as a notebook is one, also without the first line that tells notebooks from files. */
export function asNotebook(source: Buffer, extension: string): Buffer {
  if (HEADER.test(source.toString("latin1", 0, 32))) return source;
  return Buffer.concat([Buffer.from(`${COMMENTS[extension] ?? "#"} Databricks notebook source\n`), source]);
}

/** A workspace path without `/Workspace` in front and without a notebook's extension: what `notebookPath()` shows. */
export function workspacePath(path: string): string {
  const plain = path.replace(/^\/Workspace(?=\/|$)/, "");
  return LANGUAGES[extname(plain).toLowerCase()] === undefined ? plain : plain.slice(0, -extname(plain).length);
}

/** Whether a file of this machine is a notebook. */
export function isNotebook(file: string): boolean {
  if (LANGUAGES[extname(file).toLowerCase()] === undefined) return false;
  const buffer = Buffer.alloc(32);
  const handle = openSync(file, "r");
  try {
    readSync(handle, buffer, 0, 32, 0);
  } finally {
    closeSync(handle);
  }
  return HEADER.test(buffer.toString("latin1"));
}

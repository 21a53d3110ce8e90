import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join, resolve, sep } from "node:path";
import { ApiError, invalidParameter, notFound } from "./api-error";

/** An object of the workspace as the API shows it. */
export interface WorkspaceObject {
  readonly path: string;
  readonly object_type: "NOTEBOOK" | "DIRECTORY" | "FILE";
  readonly language?: string;
  readonly object_id: number;
  readonly modified_at: number;
  readonly size?: number;
}

const LANGUAGES: Readonly<Record<string, string>> = { ".py": "PYTHON", ".sql": "SQL", ".scala": "SCALA", ".r": "R" };
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

/** Resolves `path` under `root`; throws 400 when it leads out of it. */
export function below(root: string, path: string): string {
  const file = resolve(root, `.${sep}${path}`);
  if (file !== root && !file.startsWith(root + sep)) throw invalidParameter(`Path (${path}) leads out of its root.`);
  return file;
}

function isNotebook(file: string): boolean {
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

const alreadyExists = (path: string): ApiError =>
  new ApiError(400, "RESOURCE_ALREADY_EXISTS", `Path (${path}) already exists.`);

/** The workspace as a folder. A notebook is stored with its extension and shown without. */
export class WorkspaceFiles {
  private mounted: { readonly path: string; readonly folder: string } | undefined;

  constructor(private readonly root: string) {
    mkdirSync(root, { recursive: true });
  }

  /** Shows the notebooks of a folder of this machine below a workspace path, to tasks only: the files of the bundle, which nobody uploads. */
  mount(path: string, folder: string): void {
    this.mounted = { path, folder };
  }

  /** The file behind a workspace path, whether named with or without the extension; undefined when there is none. */
  find(path: string): string | undefined {
    const file = below(this.root, path.replace(/^\/Workspace(?=\/|$)/, ""));
    return [file, ...Object.keys(LANGUAGES).map((extension) => file + extension)].find((candidate) =>
      existsSync(candidate),
    );
  }

  /** The file of a task's notebook: an uploaded one, one of the bundle, else a file of this machine. */
  findNotebook(path: string): string | undefined {
    const uploaded = this.find(path);
    const file = this.inMounted(path) ?? path;
    const candidates = [
      ...(uploaded === undefined ? [] : [uploaded]),
      ...["", ...Object.keys(LANGUAGES)].map((extension) => file + extension),
    ];
    return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  }

  /** The workspace path of a file of this machine; its own path when it lies outside the workspace. */
  pathOf(file: string): string {
    for (const [folder, path] of [
      [this.root, ""] as const,
      ...(this.mounted ? [[this.mounted.folder, this.mounted.path] as const] : []),
    ]) {
      if (file.startsWith(folder + sep)) return path + workspacePath(file.slice(folder.length).split(sep).join("/"));
    }
    return file;
  }

  private inMounted(path: string): string | undefined {
    if (!this.mounted || !path.startsWith(`${this.mounted.path}/`)) return undefined;
    return below(this.mounted.folder, path.slice(this.mounted.path.length));
  }

  /** Throws 404 with the cloud's own text. */
  status(path: string): WorkspaceObject {
    const file = this.find(path);
    if (file === undefined) throw notFound(`Path (${path}) doesn't exist.`);
    return this.describe(file, path);
  }

  list(path: string): WorkspaceObject[] {
    const status = this.status(path);
    if (status.object_type !== "DIRECTORY") return [status];
    const file = this.find(path) ?? this.root;
    return readdirSync(file)
      .sort()
      .map((name) => this.describe(join(file, name), `${path.replace(/\/$/, "")}/${name}`));
  }

  /** The file behind a path; throws 404 when there is none, 400 for a folder. */
  locateFile(path: string): string {
    if (this.status(path).object_type === "DIRECTORY") throw invalidParameter(`Path (${path}) is a directory.`);
    return this.find(path) ?? path;
  }

  /** Writes a notebook or file. `extension` is added when the path has none. */
  write(
    path: string,
    content: Buffer,
    options: { overwrite: boolean; extension?: string; createParents: boolean },
  ): void {
    const existing = this.find(path);
    if (existing !== undefined && (!options.overwrite || statSync(existing).isDirectory())) throw alreadyExists(path);
    const target = below(this.root, path.replace(/^\/Workspace(?=\/|$)/, ""));
    const file = existing ?? (extname(target) === "" ? target + (options.extension ?? "") : target);
    if (options.createParents) mkdirSync(dirname(file), { recursive: true });
    else if (!existsSync(dirname(file))) throw notFound(`The parent folder (${dirname(path)}) does not exist.`);
    writeFileSync(file, content);
  }

  makeFolder(path: string): void {
    const existing = this.find(path);
    if (existing !== undefined && !statSync(existing).isDirectory()) throw alreadyExists(path);
    mkdirSync(below(this.root, path.replace(/^\/Workspace(?=\/|$)/, "")), { recursive: true });
  }

  delete(path: string, recursive: boolean): void {
    const { object_type: type } = this.status(path);
    const file = this.find(path) ?? this.root;
    if (type === "DIRECTORY" && !recursive && readdirSync(file).length > 0) {
      throw new ApiError(400, "DIRECTORY_NOT_EMPTY", `Folder (${path}) is not empty.`);
    }
    if (file === this.root) throw invalidParameter("The root folder cannot be deleted.");
    rmSync(file, { recursive: true });
  }

  private describe(file: string, path: string): WorkspaceObject {
    const { size, mtimeMs, ino } = statSync(file);
    const common = { path, object_id: ino, modified_at: Math.floor(mtimeMs) };
    if (statSync(file).isDirectory()) return { ...common, object_type: "DIRECTORY" };
    if (!isNotebook(file)) return { ...common, object_type: "FILE", size };
    const extension = extname(file);
    const language = LANGUAGES[extension.toLowerCase()] ?? "PYTHON";
    return {
      ...common,
      path: path.endsWith(extension) ? path.slice(0, -extension.length) : path,
      object_type: "NOTEBOOK",
      language,
    };
  }
}

import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, extname, join, resolve, sep } from "node:path";
import { ApiError, invalidParameter, notFound } from "./api-error";
import { isNotebook, LANGUAGES, workspacePath } from "./notebook-source";

/** An object of the workspace as the API shows it. */
export interface WorkspaceObject {
  readonly path: string;
  readonly object_type: "NOTEBOOK" | "DIRECTORY" | "FILE";
  readonly language?: string;
  readonly object_id: number;
  readonly modified_at: number;
  readonly size?: number;
}

/** Whether `path`, taken as one below `root`, stays there. */
function isBelow(root: string, path: string): boolean {
  const file = resolve(root, `.${sep}${path}`);
  return file === root || file.startsWith(root + sep);
}

/** Resolves `path` under `root`; throws 400 when it leads out of it. */
export function below(root: string, path: string): string {
  if (!isBelow(root, path)) throw invalidParameter(`Path (${path}) leads out of its root.`);
  return resolve(root, `.${sep}${path}`);
}

const alreadyExists = (path: string): ApiError =>
  new ApiError(400, "RESOURCE_ALREADY_EXISTS", `Path (${path}) already exists.`);

/** The workspace as a folder. A notebook is stored with its extension and shown without. */
export class WorkspaceFiles {
  private mounted: { readonly link: string; readonly folder: string } | undefined;

  constructor(private readonly root: string) {
    mkdirSync(root, { recursive: true });
  }

  /**
   * Shows a folder of this machine at a workspace path, by a link: the files of the bundle, which nobody uploads.
   *
   * @throws Error when something was uploaded there
   */
  mount(path: string, folder: string): void {
    const link = this.fileOf(path);
    const there = lstatSync(link, { throwIfNoEntry: false });
    if (there && !there.isSymbolicLink())
      throw new Error(`${path} holds uploaded files, where those of the bundle are to be shown: delete ${link}`);
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(folder, link, "dir");
    this.mounted = { link, folder };
  }

  /** The file behind a workspace path, whether named with or without the extension; undefined when there is none. */
  find(path: string): string | undefined {
    const file = this.fileOf(path);
    return [file, ...Object.keys(LANGUAGES).map((extension) => file + extension)].find((candidate) =>
      existsSync(candidate),
    );
  }

  /** The file of a task's notebook: an uploaded one, one of the bundle, else a file of this machine. */
  findNotebook(path: string): string | undefined {
    const inWorkspace = isBelow(this.root, path) ? this.find(path) : undefined;
    const candidates = [
      ...(inWorkspace === undefined ? [] : [this.unlinked(inWorkspace)]),
      ...["", ...Object.keys(LANGUAGES)].map((extension) => path + extension),
    ];
    return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  }

  /** The workspace path of a file of this machine; its own path when it lies outside the workspace. */
  pathOf(file: string): string {
    const { link, folder } = this.mounted ?? {};
    const linked = link && folder && file.startsWith(folder + sep) ? link + file.slice(folder.length) : file;
    if (!linked.startsWith(this.root + sep)) return file;
    return workspacePath(linked.slice(this.root.length).split(sep).join("/"));
  }

  /** The place of a file, also where the link to the bundle leads. */
  private unlinked(file: string): string {
    const { link, folder } = this.mounted ?? {};
    return link && folder && file.startsWith(link + sep) ? folder + file.slice(link.length) : file;
  }

  private fileOf(path: string): string {
    return below(this.root, path.replace(/^\/Workspace(?=\/|$)/, ""));
  }

  /** Throws 403 for the files of the bundle, which are the user's own. */
  private requireUploaded(file: string, path: string): void {
    if (file === this.mounted?.link || this.unlinked(file) !== file)
      throw new ApiError(403, "PERMISSION_DENIED", `Path (${path}) shows the bundle on this machine: change it there.`);
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
      .filter((name) => existsSync(join(file, name)))
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
    const target = this.fileOf(path);
    this.requireUploaded(target, path);
    const file = existing ?? (extname(target) === "" ? target + (options.extension ?? "") : target);
    if (options.createParents) mkdirSync(dirname(file), { recursive: true });
    else if (!existsSync(dirname(file))) throw notFound(`The parent folder (${dirname(path)}) does not exist.`);
    writeFileSync(file, content);
  }

  makeFolder(path: string): void {
    const existing = this.find(path);
    if (existing !== undefined && !statSync(existing).isDirectory()) throw alreadyExists(path);
    const folder = this.fileOf(path);
    this.requireUploaded(folder, path);
    mkdirSync(folder, { recursive: true });
  }

  delete(path: string, recursive: boolean): void {
    const { object_type: type } = this.status(path);
    const file = this.find(path) ?? this.root;
    if (type === "DIRECTORY" && !recursive && readdirSync(file).length > 0) {
      throw new ApiError(400, "DIRECTORY_NOT_EMPTY", `Folder (${path}) is not empty.`);
    }
    this.requireUploaded(file, path);
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

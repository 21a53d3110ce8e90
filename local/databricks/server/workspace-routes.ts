import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ApiError, invalidParameter, notFound } from "./api-error";
import { Reply, type ApiRequest, type Route } from "./router";
import { below, type WorkspaceFiles } from "./workspace-files";

const MAX_NOTEBOOK_BYTES = 10 * 1024 * 1024;
const EXTENSIONS: Readonly<Record<string, string>> = { PYTHON: ".py", SQL: ".sql", SCALA: ".scala", R: ".r" };

/** Routes of `/api/2.0/workspace/…` and `/api/2.0/workspace-files/import-file/…`. */
export function workspaceRoutes(files: WorkspaceFiles): Route[] {
  function importNotebook({ params }: ApiRequest): unknown {
    const format = params.string("format") ?? "SOURCE";
    if (!["SOURCE", "AUTO", "RAW"].includes(format))
      throw invalidParameter(`format ${format} is not supported by the local Databricks; use SOURCE, AUTO or RAW.`);
    const content = Buffer.from(params.requiredString("content"), "base64");
    if (content.length > MAX_NOTEBOOK_BYTES)
      throw new ApiError(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", `The content exceeds ${MAX_NOTEBOOK_BYTES} bytes.`);
    const language = params.string("language");
    const extension = format === "SOURCE" ? EXTENSIONS[language ?? "PYTHON"] : undefined;
    if (format === "SOURCE" && extension === undefined)
      throw invalidParameter(`language must be one of ${Object.keys(EXTENSIONS).join(", ")}.`);
    files.write(params.requiredString("path"), content, {
      overwrite: params.boolean("overwrite"),
      createParents: false,
      ...(extension === undefined ? {} : { extension }),
    });
    return {};
  }

  function importFile({ parts, params, body }: ApiRequest): unknown {
    const path = `/${parts["path"]}`;
    try {
      files.write(path, body, { overwrite: params.boolean("overwrite"), createParents: false });
    } catch (error) {
      // This endpoint alone says 409, for files, where the others say 400.
      if (
        error instanceof ApiError &&
        error.errorCode === "RESOURCE_ALREADY_EXISTS" &&
        files.status(path).object_type === "FILE"
      ) {
        throw new ApiError(409, error.errorCode, error.message);
      }
      throw error;
    }
    return {};
  }

  function exportNotebook({ params }: ApiRequest): unknown {
    const path = params.requiredString("path");
    const content = files.read(path);
    if (params.boolean("direct_download"))
      return new Reply(200, content, { "content-type": "application/octet-stream" });
    return { content: content.toString("base64"), file_type: "py" };
  }

  function list({ params }: ApiRequest): unknown {
    const objects = files.list(params.requiredString("path"));
    return objects.length > 0 ? { objects } : {};
  }

  function mkdirs({ params }: ApiRequest): unknown {
    files.makeFolder(params.requiredString("path"));
    return {};
  }

  function remove({ params }: ApiRequest): unknown {
    files.delete(params.requiredString("path"), params.boolean("recursive"));
    return {};
  }

  const at = (method: string, name: string, handler: Route["handler"]): Route => ({
    method,
    pattern: `/api/2.0/workspace/${name}`,
    handler,
  });
  return [
    at("POST", "import", importNotebook),
    at("GET", "export", exportNotebook),
    at("GET", "list", list),
    at("GET", "get-status", ({ params }) => files.status(params.requiredString("path"))),
    at("POST", "mkdirs", mkdirs),
    at("POST", "delete", remove),
    { method: "POST", pattern: "/api/2.0/workspace-files/import-file/*path", handler: importFile },
  ];
}

/** Routes of `/api/2.0/fs/files/Volumes/…` and `/api/2.0/fs/directories/Volumes/…`, over the folder `root`. */
export function volumeRoutes(root: string): Route[] {
  const locate = ({ parts }: ApiRequest): string => below(root, `/${parts["path"]}`);
  const present = (request: ApiRequest, kind: "file" | "directory"): string => {
    const file = locate(request);
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats || stats.isFile() !== (kind === "file"))
      throw new ApiError(404, "NOT_FOUND", `No ${kind} at /Volumes/${request.parts["path"]}.`);
    return file;
  };

  async function upload(request: ApiRequest): Promise<Reply> {
    const file = locate(request);
    const overwrite = request.stream.url?.includes("overwrite=true") ?? false;
    if (existsSync(file) && !overwrite)
      throw new ApiError(409, "ALREADY_EXISTS", `The file /Volumes/${request.parts["path"]} already exists.`);
    mkdirSync(dirname(file), { recursive: true });
    const draft = join(dirname(file), `.${Date.now()}.${Math.random().toString(36).slice(2)}.part`);
    try {
      await pipeline(request.stream, createWriteStream(draft));
      renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
    return new Reply(204, "");
  }

  function download(request: ApiRequest): Reply {
    const file = present(request, "file");
    const modified = new Date(statSync(file).mtimeMs).toUTCString();
    return new Reply(200, readFileSync(file), {
      "content-type": "application/octet-stream",
      "last-modified": modified,
    });
  }

  function listFolder(request: ApiRequest): unknown {
    const folder = present(request, "directory");
    const contents = readdirSync(folder).map((name) => {
      const stats = statSync(join(folder, name));
      const path = `/Volumes/${request.parts["path"]}/${name}`.replaceAll("//", "/");
      const common = { path, name, is_directory: stats.isDirectory(), last_modified: Math.floor(stats.mtimeMs) };
      return stats.isDirectory() ? common : { ...common, file_size: stats.size };
    });
    return contents.length > 0 ? { contents } : {};
  }

  function removeFolder(request: ApiRequest): Reply {
    const folder = present(request, "directory");
    if (readdirSync(folder).length > 0)
      throw new ApiError(400, "DIRECTORY_NOT_EMPTY", `/Volumes/${request.parts["path"]} is not empty.`);
    if (folder === root) throw notFound("The root of the volumes cannot be deleted.");
    rmdirSync(folder);
    return new Reply(204, "");
  }

  function makeFolder(request: ApiRequest): Reply {
    mkdirSync(locate(request), { recursive: true });
    return new Reply(204, "");
  }

  function removeFile(request: ApiRequest): Reply {
    rmSync(present(request, "file"));
    return new Reply(204, "");
  }

  const file = "/api/2.0/fs/files/Volumes/*path";
  const folder = "/api/2.0/fs/directories/Volumes/*path";
  return [
    { method: "PUT", pattern: file, handler: upload, streams: true },
    { method: "GET", pattern: file, handler: download },
    { method: "HEAD", pattern: file, handler: download },
    { method: "DELETE", pattern: file, handler: removeFile },
    { method: "PUT", pattern: folder, handler: makeFolder },
    { method: "GET", pattern: folder, handler: listFolder },
    { method: "HEAD", pattern: folder, handler: (request) => (present(request, "directory"), new Reply(200, "")) },
    { method: "DELETE", pattern: folder, handler: removeFolder },
  ];
}

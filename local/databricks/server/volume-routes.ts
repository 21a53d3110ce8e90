import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ApiError, invalidParameter, notFound } from "./api-error";
import { fileReply } from "./file-reply";
import { Reply, type ApiRequest, type Route } from "./router";
import { below } from "./workspace-files";

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

  const alreadyExists = (request: ApiRequest): ApiError =>
    new ApiError(409, "ALREADY_EXISTS", `The file /Volumes/${request.parts["path"]} already exists.`);

  async function upload(request: ApiRequest): Promise<Reply> {
    const file = locate(request);
    const overwrite = request.stream.url?.includes("overwrite=true") ?? false;
    if (existsSync(file) && !overwrite) throw alreadyExists(request);
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

  /**
   * The SDK asks for a session for files over 50 MB, then for URLs to send the parts to. There are none here (404), whereupon it
   * sends the file in one piece.
   */
  function initiateUpload(request: ApiRequest): unknown {
    if (request.params.string("action") !== "initiate-upload")
      throw invalidParameter("action must be initiate-upload on the local Databricks.");
    const file = locate(request);
    if (existsSync(file) && !request.params.boolean("overwrite")) throw alreadyExists(request);
    return { multipart_upload: { session_token: "single-piece" } };
  }

  const download = (request: ApiRequest): Reply => fileReply(request, present(request, "file"));

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
    { method: "POST", pattern: file, handler: initiateUpload },
    { method: "GET", pattern: file, handler: download },
    { method: "HEAD", pattern: file, handler: download },
    { method: "DELETE", pattern: file, handler: removeFile },
    { method: "PUT", pattern: folder, handler: makeFolder },
    { method: "GET", pattern: folder, handler: listFolder },
    { method: "HEAD", pattern: folder, handler: (request) => (present(request, "directory"), new Reply(200, "")) },
    { method: "DELETE", pattern: folder, handler: removeFolder },
  ];
}

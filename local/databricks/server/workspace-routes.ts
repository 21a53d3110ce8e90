import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { ApiError, invalidParameter } from "./api-error";
import { fileReply } from "./file-reply";
import { asNotebook } from "./notebook-source";
import type { Params } from "./params";
import type { ApiRequest, Route } from "./router";
import type { WorkspaceFiles } from "./workspace-files";

const MAX_NOTEBOOK_BYTES = 10 * 1024 * 1024;
const EXTENSIONS: Readonly<Record<string, string>> = { PYTHON: ".py", SQL: ".sql", SCALA: ".scala", R: ".r" };

function readFormat(params: Params): string {
  const format = params.string("format") ?? "SOURCE";
  if (!["SOURCE", "AUTO", "RAW"].includes(format))
    throw invalidParameter(`format ${format} is not supported by the local Databricks; use SOURCE, AUTO or RAW.`);
  return format;
}

/** Content in base64, which may be that of an empty file. */
function readContent(params: Params): Buffer {
  return params.values["content"] === "" ? Buffer.alloc(0) : Buffer.from(params.requiredString("content"), "base64");
}

/** Routes of `/api/2.0/workspace/…` and `/api/2.0/workspace-files/import-file/…`. */
export function workspaceRoutes(files: WorkspaceFiles): Route[] {
  /** The content comes as base64 in JSON, or as a file of a multipart form, which the SDK's `workspace.upload` sends. */
  function importNotebook({ params, files: uploaded }: ApiRequest): unknown {
    const format = readFormat(params);
    const content = uploaded["content"] ?? readContent(params);
    if (content.length > MAX_NOTEBOOK_BYTES)
      throw new ApiError(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", `The content exceeds ${MAX_NOTEBOOK_BYTES} bytes.`);
    const language = params.string("language");
    const extension = format === "SOURCE" ? EXTENSIONS[language ?? "PYTHON"] : undefined;
    if (format === "SOURCE" && extension === undefined)
      throw invalidParameter(`language must be one of ${Object.keys(EXTENSIONS).join(", ")}.`);
    files.write(params.requiredString("path"), extension === undefined ? content : asNotebook(content, extension), {
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

  function exportNotebook(request: ApiRequest): unknown {
    readFormat(request.params);
    const file = files.locateFile(request.params.requiredString("path"));
    if (request.params.boolean("direct_download")) return fileReply(request, file);
    return { content: readFileSync(file).toString("base64"), file_type: extname(file).slice(1) };
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
    { method: "POST", pattern: "/api/2.0/workspace-files/import-file/*path", handler: importFile, raw: true },
  ];
}

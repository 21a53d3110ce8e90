import type { IncomingMessage } from "node:http";
import { ApiError, invalidParameter } from "./api-error";
import { isObject, type JsonObject } from "./params";

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_FILE_BYTES = 500 * 1024 * 1024;

/** The fields of a body, and the files of a multipart form. */
export interface Form {
  readonly values: JsonObject;
  readonly files: Record<string, Buffer>;
}

/** The whole body; throws 413 when it is longer than the API takes. */
export async function readBody(stream: IncomingMessage, isFile: boolean): Promise<Buffer> {
  const limit = isFile ? MAX_FILE_BYTES : MAX_BODY_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ApiError(413, "MAX_REQUEST_SIZE_EXCEEDED", `The request body exceeds ${limit} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): JsonObject {
  const text = body.toString("utf8").trim();
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    throw new ApiError(400, "MALFORMED_REQUEST", "The request body is not valid JSON.");
  }
  throw invalidParameter("The request body must be a JSON object.");
}

/** A part without a file name is a field, one with a name a file. */
async function parseForm(body: Buffer, type: string): Promise<Form> {
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } })
    .formData()
    .catch((): never => {
      throw new ApiError(400, "MALFORMED_REQUEST", "The request body is not valid multipart/form-data.");
    });
  const values: JsonObject = {};
  const files: Record<string, Buffer> = {};
  for (const [name, value] of form) {
    if (typeof value === "string") values[name] = value;
    else files[name] = Buffer.from(await value.arrayBuffer());
  }
  return { values, files };
}

/** Reads a body by its content type. Throws 400 for what is not JSON, or no valid form. */
export async function parseBody(body: Buffer, type: string): Promise<Form> {
  if (type.startsWith("multipart/form-data")) return parseForm(body, type);
  // Some clients send JSON as text/plain, or with no type at all.
  const json = type.includes("json") || type === "" || type.startsWith("text/plain");
  return { values: json ? parseJson(body) : {}, files: {} };
}

import type { HttpRequest } from "@azure/functions";
import type { z } from "zod";
import { invalidRequest, Problem } from "../problems";

const MAX_BODY_BYTES = 256 * 1024;
/** Query parameters that belong to the host: function key and its id. */
const HOST_PARAMETERS = new Set(["code", "clientId"]);

/** The JSON body, checked; an empty body counts as `{}`. @throws Problem with every fault and its JSON pointer */
export async function readBody<T>(
  request: HttpRequest,
  schema: z.ZodType<T>,
  parse: (text: string) => unknown = JSON.parse,
): Promise<T> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  const text = announced > MAX_BODY_BYTES ? "" : await request.text();
  if (announced > MAX_BODY_BYTES || Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw new Problem("body-too-large", `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  if (text.trim() === "") return check(schema, {}, pointerOf);
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    const type = request.headers.get("content-type") ?? "";
    // Only a body that is no JSON is judged by its type: curl calls everything a form.
    if (type === "" || /^application\/(?:[\w.+-]+\+)?json\b/i.test(type))
      throw invalidRequest([{ pointer: "", detail: "is not JSON" }]);
    throw new Problem("unsupported-media-type", `send application/json, not ${type.slice(0, 100)}`);
  }
  return check(schema, value, pointerOf);
}

/** The query, checked; an unknown parameter is a fault, so that no filter is silently ignored. */
export function readQuery<T>(request: HttpRequest, schema: z.ZodType<T>): T {
  const entries = [...request.query.entries()].filter(([name]) => !HOST_PARAMETERS.has(name));
  return check(schema, Object.fromEntries(entries), (path) => path.join("."));
}

/** The parameters of the path, as the host found them. */
export function readPath<T>(request: HttpRequest, schema: z.ZodType<T>): T {
  return check(schema, { ...request.params }, (path) => path.join("."));
}

/** The caller's `Idempotency-Key`, or null. @throws Problem 400 when it is none */
export function readIdempotencyKey(request: HttpRequest): string | null {
  const header = request.headers.get("idempotency-key");
  if (header === null) return null;
  // The draft standard sends a quoted string, most callers a bare one.
  const key = header.trim().replace(/^"(.*)"$/, "$1");
  if (/^[\x20-\x7e]{1,128}$/.test(key)) return key;
  throw invalidRequest([{ pointer: "Idempotency-Key", detail: "expected 1 to 128 printable ASCII characters" }]);
}

/** A part of a call that did not come as a request, checked as one. */
export function checkPart<T>(schema: z.ZodType<T>, value: unknown): T {
  return check(schema, value, (path) => path.join("."));
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: (path: readonly PropertyKey[]) => string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(
    parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ pointer: where([...issue.path, key]), detail: "is not known" }))
        : [{ pointer: where(issue.path), detail: issue.message }],
    ),
  );
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

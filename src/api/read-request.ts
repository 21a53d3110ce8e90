import type { HttpRequest } from "@azure/functions";
import type { z } from "zod";
import { HttpProblem, type ProblemDetail } from "./problem";

const MAX_BODY_CHARACTERS = 256 * 1024;
/** Query parameters that belong to the host: function key and its id. */
const HOST_PARAMETERS = new Set(["code", "clientId"]);

/** The JSON body, checked; an empty body counts as `{}`. @throws HttpProblem with every fault and its JSON pointer */
export async function readBody<T>(
  request: HttpRequest,
  schema: z.ZodType<T>,
  parse: (text: string) => unknown = JSON.parse,
): Promise<T> {
  const text = await request.text();
  if (text.length > MAX_BODY_CHARACTERS)
    throw invalid([{ pointer: "", detail: `is larger than ${MAX_BODY_CHARACTERS} characters` }]);
  if (text.trim() === "") return check(schema, {}, pointerOf);
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    const type = request.headers.get("content-type") ?? "";
    // Only a body that is no JSON is judged by its type: curl calls everything a form.
    if (type === "" || /^application\/(?:[\w.+-]+\+)?json\b/i.test(type))
      throw invalid([{ pointer: "", detail: "is not JSON" }]);
    throw new HttpProblem(
      415,
      "unsupported-media-type",
      "Unsupported media type",
      `send application/json, not ${type.slice(0, 100)}`,
    );
  }
  return check(schema, value, pointerOf);
}

/** The query, checked; an unknown parameter is a fault, so that no filter is silently ignored. */
export function readQuery<T>(request: HttpRequest, schema: z.ZodType<T>): T {
  const entries = [...request.query.entries()].filter(([name]) => !HOST_PARAMETERS.has(name));
  return check(schema, Object.fromEntries(entries), (path) => path.join("."));
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: (path: readonly PropertyKey[]) => string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
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

function invalid(errors: readonly ProblemDetail[]): HttpProblem {
  const detail = errors.map((error) => `${error.pointer || "the body"}: ${error.detail}`).join("; ");
  return new HttpProblem(400, "invalid-request", "Invalid request", detail, errors);
}

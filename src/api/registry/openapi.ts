import { z } from "zod";
import { COMMON_PROBLEMS, PROBLEM_TYPES, type ProblemCode } from "../problem-types";
import { problemSchema } from "./common-schemas";
import { components } from "./components";
import { ROLES, type AnswerType, type Operation } from "./operation";

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document, made of the operations and the schemas that the doors themselves check with. */
export function buildOpenApi(operations: readonly Operation[], version: string, serverUrl: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const each of operations) (paths[`/${each.http.path}`] ??= {})[each.http.method.toLowerCase()] = describe(each);
  return {
    openapi: "3.1.0",
    info: {
      title: "Batchkeeper",
      version,
      description: "Spark batch scoring on Azure Databricks: ask for runs, watch them, cancel and retry.",
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: componentSchemas(operations),
      securitySchemes: {
        functionKey: { type: "apiKey", in: "header", name: "x-functions-key" },
        signIn: { type: "http", scheme: "bearer" },
        webhook: { type: "http", scheme: "basic" },
      },
    },
  };
}

/** The document as text. */
export function openApiText(operations: readonly Operation[], version: string, serverUrl: string): string {
  return JSON.stringify(buildOpenApi(operations, version, serverUrl));
}

function describe(operation: Operation): Json {
  const { id, summary, description, access, body, readOnly } = operation;
  const parameters = [...pathParameters(operation), ...queryParameters(operation), ...headerParameters(operation)];
  // A body without a required field may be left out altogether.
  const required = body !== undefined && !body.safeParse({}).success;
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    "x-role": access,
    "x-read-only": readOnly,
    security: securityOf(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: { required, content: jsonContent(body) } }),
    responses: responses(operation),
  };
}

/** With keys the one, with sign-in the other. */
function securityOf({ access }: Operation): Json[] {
  if (access === "anyone") return [];
  return access === "webhook" ? [{ webhook: [] }] : [{ functionKey: [] }, { signIn: [] }];
}

function responses(operation: Operation): Json {
  const answers = Object.entries(operation.answers).map(([status, answer]) => [
    status,
    { description: answer.description, ...answerContent(answer) },
  ]);
  const notModified = operation.etag ? [["304", { description: "Nothing changed since the given ETag" }]] : [];
  const problem = { "application/problem+json": { schema: schemaOf(problemSchema) } };
  const problems = [...byStatus(problemsOf(operation))].map(([status, titles]) => [
    String(status),
    { description: titles.join("; "), content: problem },
  ]);
  return Object.fromEntries([
    ...problems.filter(([status]) => !(Number(status) in operation.answers)),
    ...answers,
    ...notModified,
    ["default", { description: "Another problem", content: problem }],
  ]) as Json;
}

/** What an operation may be refused with: by itself, by what it takes, and by what any may. */
export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { query, body, problems, idempotencyKey, access, readOnly } = operation;
  const takes: ProblemCode[] = query || body || idempotencyKey ? ["invalid-request"] : [];
  const sends: ProblemCode[] = body ? ["body-too-large", "unsupported-media-type"] : [];
  const keyed: ProblemCode[] = idempotencyKey === "stored" ? ["request-in-flight", "idempotency-key-reused"] : [];
  const callers: ProblemCode[] = ROLES.some((role) => role === access) ? ["not-signed-in", "forbidden"] : [];
  const pages: ProblemCode[] = readOnly ? [] : ["cross-site"];
  const all = [...takes, ...sends, ...keyed, ...callers, ...pages, ...problems, ...COMMON_PROBLEMS];
  return [...new Set(all)];
}

function byStatus(codes: readonly ProblemCode[]): Map<number, string[]> {
  const titles = new Map<number, string[]>();
  for (const code of codes) {
    const { status, title } = PROBLEM_TYPES[code];
    titles.set(status, [...(titles.get(status) ?? []), title]);
  }
  return titles;
}

function answerContent({ schema, contentType }: AnswerType): Json {
  if (schema) return { content: jsonContent(schema) };
  return contentType ? { content: { [contentType]: {} } } : {};
}

function pathParameters({ http, path }: Operation): Json[] {
  return [...http.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const { description, ...schema } = inline(path?.shape[name] as z.ZodType);
    return { name, in: "path", required: true, ...(description ? { description } : {}), schema };
  });
}

function queryParameters({ query }: Operation): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, type]) => {
    const { description, ...schema } = inline(type as z.ZodType);
    const required = !(type as z.ZodType).safeParse(undefined).success;
    return { name, in: "query", required, ...(description ? { description } : {}), schema };
  });
}

function headerParameters({ idempotencyKey, etag }: Operation): Json[] {
  const header = (name: string, description: string, schema: Json = {}): Json => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string", ...schema },
  });
  const key =
    "at most 128 printable ASCII characters; the same key with the same body never does the work a second time";
  return [
    ...(idempotencyKey
      ? [header("Idempotency-Key", key, { minLength: 1, maxLength: 128, pattern: "^[!-~]([ -~]*[!-~])?$" })]
      : []),
    ...(etag ? [header("If-None-Match", "an ETag seen before; 304 when nothing changed")] : []),
  ];
}

function jsonContent(schema: z.ZodType): Json {
  return { "application/json": { schema: schemaOf(schema) } };
}

/** A reference when the schema has a name. */
function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  return id === undefined ? inline(schema) : { $ref: `#/components/schemas/${id}` };
}

const STYLE = {
  target: "draft-2020-12",
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    // The format says it, but for the Z; zod's own pattern is 300 characters of leap years.
    if (jsonSchema.format === "date-time") jsonSchema.pattern = "Z$";
  },
} as const;

/** Request bodies are described as they are sent, answers as they are received: defaults are optional in the one, present in the other. */
function componentSchemas(operations: readonly Operation[]): Json {
  const described = (io: "input" | "output"): Record<string, object> =>
    z.toJSONSchema(components, { ...STYLE, io, uri: (id) => `#/components/schemas/${id}` }).schemas;
  const [inputs, outputs] = [described("input"), described("output")];
  const requests = new Set(operations.flatMap(({ body }) => (body ? [components.get(body)?.id] : [])));
  return Object.fromEntries(
    Object.keys(outputs)
      .sort()
      .map((name) => [name, withoutDialect((requests.has(name) ? inputs : outputs)[name] ?? {})]),
  );
}

function inline(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { ...STYLE, io: "input" }));
}

/** OpenAPI 3.1 states the dialect once for the whole document, and names schemas by their place. */
function withoutDialect(schema: object): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$schema" && key !== "$id"));
}

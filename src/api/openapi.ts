import { z } from "zod";
import { ROUTES, type Route } from "./routes";
import { COMPONENTS } from "./schemas";

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document, made of the route table and the schemas that the handlers themselves use. */
export function buildOpenApi(version: string, serverUrl: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operationId, route] of Object.entries<Route>(ROUTES)) {
    (paths[`/${route.path}`] ??= {})[route.method.toLowerCase()] = operation(operationId, route);
  }
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
      schemas: componentSchemas(),
      securitySchemes: {
        functionKey: { type: "apiKey", in: "header", name: "x-functions-key" },
        webhook: { type: "http", scheme: "basic" },
      },
    },
  };
}

function operation(operationId: string, route: Route): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    operationId,
    summary: route.summary,
    security: [route.authLevel === "function" ? { functionKey: [] } : { webhook: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: { required: route.body !== "StartRun", content: jsonContent(route.body) } } : {}),
    responses: responses(route),
  };
}

function responses(route: Route): Json {
  const success = Object.entries(route.success).map(([status, { description, body }]) => [
    status,
    { description, ...(body ? { content: jsonContent(body) } : {}) },
  ]);
  const problem = { "application/problem+json": { schema: reference("Problem") } };
  const problems = route.problems.map((status) => [
    status,
    { description: PROBLEM_TITLES[status] ?? "A problem", content: problem },
  ]);
  return {
    ...Object.fromEntries(success),
    ...Object.fromEntries(problems),
    default: { description: "Another problem", content: problem },
  } as Json;
}

const PROBLEM_TITLES: Readonly<Record<number, string>> = {
  400: "The request is not valid; errors[] names each fault",
  401: "Not authorised",
  404: "There is no such thing; the detail names what is known",
  409: "The run's state does not allow this",
  415: "The body is not JSON",
  422: "The Idempotency-Key was used for another request",
  503: "Storage or Databricks is not available; Retry-After is set",
};

function pathParameters(route: Route): Json[] {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}

function queryParameters(route: Route): Json[] {
  if (!route.query) return [];
  return Object.entries(route.query.shape).map(([name, schema]) => ({
    name,
    in: "query",
    required: false,
    schema: inline(schema as z.ZodType),
  }));
}

function headerParameters(route: Route): Json[] {
  return Object.entries(route.headers ?? {}).map(([name, description]) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  }));
}

function jsonContent(name: string): Json {
  return { "application/json": { schema: reference(name) } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

const STYLE = {
  target: "draft-2020-12",
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    // The format says it; the pattern is 300 characters of leap years.
    if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  },
} as const;

/** Request bodies are described as they are sent, answers as they are received: defaults are optional in the one, present in the other. */
function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  const described = (io: "input" | "output") =>
    z.toJSONSchema(registry, { ...STYLE, io, uri: (id) => `#/components/schemas/${id}` }).schemas;
  const [inputs, outputs] = [described("input"), described("output")];
  const requests = new Set<string | undefined>(Object.values<Route>(ROUTES).map((route) => route.body));
  return Object.fromEntries(
    Object.keys(COMPONENTS).map((name) => [name, withoutDialect((requests.has(name) ? inputs : outputs)[name] ?? {})]),
  );
}

function inline(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { ...STYLE, io: "input" }));
}

/** OpenAPI 3.1 states the dialect once for the whole document, and names schemas by their place. */
function withoutDialect(schema: object): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$schema" && key !== "$id"));
}

import { app, type HttpFunctionOptions } from "@azure/functions";
import { buildOpenApi } from "../../../src/api/openapi";
import { registerHttpFunctions, type HttpDeps } from "../../../src/functions/http";
import { createOpenApiHandler } from "../../../src/functions/http-openapi";
import { callApi } from "../../support/api-calls";

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
}

const document = buildOpenApi("1.2.3", "https://app.example/api") as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

/** What the app would register with the host. */
function registered(): Map<string, HttpFunctionOptions> {
  const functions = new Map<string, HttpFunctionOptions>();
  const spy = jest.spyOn(app, "http").mockImplementation((name, options) => void functions.set(name, options));
  registerHttpFunctions({ checks: [], version: "1.2.3", pipelines: new Map() } as unknown as HttpDeps);
  spy.mockRestore();
  return functions;
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "$ref" in value && typeof value.$ref === "string" ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

describe("the OpenAPI document", () => {
  it("has exactly the operations that are registered, with method, path and authentication", () => {
    const functions = registered();

    const described = operations.map(({ path, method, operation }) => [
      operation.operationId,
      method.toUpperCase(),
      path.slice(1),
      "functionKey" in (operation.security[0] ?? {}) ? "function" : "anonymous",
    ]);
    const actual = [...functions].map(([name, { methods = [], route = "", authLevel = "" }]) => [
      name,
      methods.join(),
      route,
      authLevel,
    ]);
    expect(described.sort()).toEqual(actual.sort());
    expect(described.filter(([, , , level]) => level === "anonymous").map(([name]) => name)).toEqual([
      "databricksWebhook",
    ]);
  });

  it("gives the durable client only to functions that start or wake orchestrations", () => {
    const durable = [...registered()].filter(([, options]) => options.extraInputs?.length).map(([name]) => name);

    expect(durable.sort()).toEqual(["cancelRun", "databricksWebhook", "retryRun", "routeDrops", "startRun"]);
  });

  it("refers only to what it holds, and uses all that it holds", () => {
    const used = new Set(references(document));

    expect(document.openapi).toBe("3.1.0");
    for (const reference of references(document))
      expect(document.components.schemas).toHaveProperty(reference.split("/").at(-1) ?? "");
    const unused = Object.keys(document.components.schemas).filter((name) => !used.has(`#/components/schemas/${name}`));
    expect(unused).toEqual([]);
  });

  it("declares each parameter of a path, and says what each answer means", () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(declared).toEqual(
        inPath.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      );
      for (const { description } of Object.values(operation.responses)) expect(description).not.toBe("");
    }
  });

  it("describes a request as it is sent: nothing in it is required, nothing unknown is allowed", () => {
    const { StartRun } = document.components.schemas;

    expect(StartRun).toMatchObject({ type: "object", additionalProperties: false });
    expect(StartRun).not.toHaveProperty("required");
    expect(Object.keys(StartRun?.["properties"] ?? {})).toEqual(["window", "rerun", "parameters"]);
  });

  it("describes filters as the handlers check them", () => {
    const state = document.paths["/runs"]?.["get"]?.parameters?.find((parameter) => parameter.name === "state");

    expect(state?.schema).toMatchObject({ enum: expect.arrayContaining(["queued", "nothing_to_do"]) });
  });

  it("is served with the address it was asked at", async () => {
    const { status, body } = await callApi("openApi", createOpenApiHandler({ version: "1.2.3" }));

    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.servers).toEqual([{ url: "https://app.example/api" }]);
  });
});

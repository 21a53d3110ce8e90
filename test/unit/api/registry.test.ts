import { app, type HttpFunctionOptions } from "@azure/functions";
import type { z } from "zod";
import type { HttpDoorSettings } from "../../../src/api/http/door";
import type { ApiPorts } from "../../../src/api/ports";
import { components } from "../../../src/api/registry/components";
import type { Operation } from "../../../src/api/registry/operation";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { registerHttpFunctions } from "../../../src/functions/http";

/** What the app would register with the host. */
function registered(): Map<string, HttpFunctionOptions> {
  const functions = new Map<string, HttpFunctionOptions>();
  const spy = jest.spyOn(app, "http").mockImplementation((name, options) => void functions.set(name, options));
  registerHttpFunctions({} as ApiPorts, {} as HttpDoorSettings);
  spy.mockRestore();
  return functions;
}

const idsOf = (accept: (operation: Operation) => boolean) => OPERATIONS.filter(accept).map(({ id }) => id);
const repeated = (values: readonly unknown[]) => values.filter((value, index) => values.indexOf(value) !== index);
const nameOf = (schema: z.ZodType | undefined) => schema && components.get(schema)?.id;

describe("the table of operations", () => {
  it("gives every operation a door of each kind, unless it says why not", () => {
    expect(idsOf(({ command, onlyHttp }) => (command === undefined) === (onlyHttp === undefined))).toEqual([]);
    expect(idsOf(({ onlyHttp }) => onlyHttp !== undefined)).toEqual([
      "healthLive",
      "healthReady",
      "metrics",
      "openApi",
      "docs",
      "databricksWebhook",
    ]);
  });

  it("is registered with the host as it stands, and gives the durable client only to what may start or wake", () => {
    const functions = registered();

    expect([...functions.keys()]).toEqual([...OPERATIONS.map(({ id }) => id), "anyOtherRequest"]);
    for (const { id, http, access, readOnly } of OPERATIONS) {
      const { methods = [], route = "", authLevel, extraInputs = [] } = functions.get(id) ?? { handler: () => ({}) };
      expect([methods, route, extraInputs.length > 0]).toEqual([[http.method], `api/${http.path}`, !readOnly]);
      expect(authLevel).toBe(["webhook", "anyone"].includes(access) ? "anonymous" : "function");
    }
  });

  it("names nothing twice", () => {
    expect(repeated(OPERATIONS.map(({ id }) => id))).toEqual([]);
    expect(repeated(OPERATIONS.flatMap(({ command }) => command ?? []))).toEqual([]);
    expect(repeated(OPERATIONS.map(({ http }) => `${http.method} ${http.path}`))).toEqual([]);
  });

  it("describes every part of a path, and every parameter that a caller may set", () => {
    for (const { id, http, path, query } of OPERATIONS) {
      const inPath = [...http.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect([id, Object.keys(path?.shape ?? {})]).toEqual([id, inPath]);
      for (const [name, schema] of Object.entries({ ...path?.shape, ...query?.shape }))
        if (name !== "state") expect([id, name, (schema as z.ZodType).description]).not.toContain(undefined);
    }
  });

  it("names every body, so that clients get a type for it", () => {
    for (const { id, body, answers } of OPERATIONS) {
      const schemas = [body, ...Object.values(answers).map(({ schema }) => schema)].filter((schema) => schema);
      expect([id, ...schemas.map(nameOf)]).not.toContain(undefined);
    }
  });

  it("changes nothing by GET, and reads by nothing else", () => {
    expect(idsOf(({ readOnly, http }) => readOnly !== (http.method === "GET"))).toEqual([]);
    expect(
      idsOf(({ etag, idempotencyKey, readOnly }) => (readOnly ? idempotencyKey !== undefined : etag === true)),
    ).toEqual([]);
  });

  it("shows examples that begin with the command they explain", () => {
    for (const { command = "", examples = [] } of OPERATIONS)
      for (const example of examples) expect(example.startsWith(`${command} `)).toBe(true);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvocationContext, McpToolResponse, McpTextContent } from "@azure/functions";
import { toolFunction } from "../../../src/api/mcp/door";
import { INSTRUCTIONS } from "../../../src/api/mcp/instructions";
import { toolOf, toolOperations } from "../../../src/api/mcp/tools";
import type { ApiPorts } from "../../../src/api/ports";
import { ROLES, type Operation, type Role } from "../../../src/api/registry/operation";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { operationOf } from "../../support/api-calls";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const tools = toolOperations(OPERATIONS, "all");

interface ToolCall {
  readonly args?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly auth?: "keys" | "easyAuth";
}

/** Calls a tool as the host's extension does. */
async function call(operation: Operation, { args = {}, headers = {}, auth = "keys" }: ToolCall = {}) {
  const { handler } = toolFunction(operation, api.ports as ApiPorts, { ...api.settings, auth });
  const context = new InvocationContext({ invocationId: "trace-1", functionName: "tool", logHandler: () => undefined });
  const message = { name: "tool", arguments: args, transport: { name: "http-streamable", properties: { headers } } };
  const answer = await handler(message, context);
  if (!(answer instanceof McpToolResponse)) throw new Error("no response of a tool");
  const [content] = answer.content;
  const text = content instanceof McpTextContent ? content.text : "";
  return { text, body: JSON.parse(text) as Record<string, unknown>, isError: answer.isError === true, answer };
}

/** Who has signed in, as the platform writes it. */
function signedIn(...roles: string[]): Record<string, string> {
  const claims = [{ typ: "name", val: "Ada" }, ...roles.map((val) => ({ typ: "roles", val }))];
  return { "x-ms-client-principal": Buffer.from(JSON.stringify({ claims })).toString("base64") };
}

/** Whether the door let somebody through; what the operation then did does not matter. */
async function passes(operation: Operation, given: ToolCall): Promise<boolean> {
  const { body } = await call(operation, given);
  return body["status"] !== 401 && body["status"] !== 403;
}

describe("a tool of the app", () => {
  it("reads, with links to where the agent has found the app", async () => {
    const runId = idOf(await api.start());
    await api.start({ body: { rerun: true } });

    const { body, answer } = await call(operationOf("listRuns"), {
      args: { pipeline: "scoring", top: 1 },
      headers: { host: "app.example" },
    });

    expect(body).toMatchObject({ value: [{ pipeline: "scoring" }] });
    expect(body["nextLink"]).toMatch(/^https:\/\/app\.example\/api\/v1\/runs\?/);
    expect(answer.structuredContent).toEqual(body);
    expect((await call(operationOf("getRun"), { args: { runId } })).body).toMatchObject({ id: runId });
  });

  it("changes something through the durable client, in the name of who signed in", async () => {
    const { body } = await call(operationOf("startRun"), {
      args: { pipeline: "scoring" },
      headers: signedIn("operator"),
      auth: "easyAuth",
    });

    expect(body).toMatchObject({ pipeline: "scoring", requestedBy: "Ada" });
    expect(api.test.starter.started).toHaveLength(1);
  });

  it("tells a refusal with its remedy, and a wrong argument by its place", async () => {
    const unknown = await call(operationOf("getRun"), { args: { runId: "nope" } });
    const wrong = await call(operationOf("listRuns"), { args: { stat: "failed" } });

    expect(unknown).toMatchObject({
      isError: true,
      body: { remedy: expect.stringContaining("List the runs") as string },
    });
    expect(wrong).toMatchObject({ isError: true, body: { errors: [{ pointer: "stat" }], traceId: "trace-1" } });
  });

  it("that fails says nothing of the cause, which is in the log", async () => {
    const broken = { ...operationOf("getRun"), run: () => Promise.reject(new Error("AccountKey=abc")) };

    const { text, body } = await call(broken, { args: { runId: "x" } });

    expect(body).toMatchObject({ status: 500 });
    expect(text).not.toContain("abc");
  });
});

describe("who may call a tool", () => {
  it.each(ROLES)("with sign-in a %s may what the role includes, and nothing more", async (role) => {
    for (const operation of tools) {
      const may = ROLES.indexOf(role) >= ROLES.indexOf(operation.access as Role);
      expect([operation.id, await passes(operation, { headers: signedIn(role), auth: "easyAuth" })]).toEqual([
        operation.id,
        may,
      ]);
    }
  });

  it("with sign-in nobody else, be the extension's key right or not", async () => {
    for (const operation of tools)
      for (const headers of [{}, signedIn(), { "x-functions-key": "k" }])
        expect([operation.id, await passes(operation, { headers, auth: "easyAuth" })]).toEqual([operation.id, false]);
  });

  it("with keys whoever has the extension's key does what an operator may, and no administration", async () => {
    for (const operation of tools) expect(await passes(operation, { headers: signedIn() })).toBe(true);

    expect(await passes({ ...operationOf("getRun"), access: "admin" }, { headers: signedIn("admin") })).toBe(false);
  });
});

describe("what the host is told of a tool", () => {
  it("is the schema that the server over standard input and output gives, and a plain form of it", () => {
    for (const operation of tools) {
      const { trigger } = toolFunction(operation, api.ports as ApiPorts, { ...api.settings });
      const { inputSchema, toolProperties } = trigger as unknown as Record<string, string>;
      const schema = toolOf(operation).inputSchema;
      expect(JSON.parse(inputSchema ?? "")).toEqual(JSON.parse(JSON.stringify(schema)));
      const properties = JSON.parse(toolProperties ?? "") as { propertyName: string; isRequired: boolean }[];
      expect(properties.map(({ propertyName }) => propertyName)).toEqual(Object.keys(schema.properties));
      expect(
        properties
          .filter(({ isRequired }) => isRequired)
          .map(({ propertyName }) => propertyName)
          .toSorted(),
      ).toEqual(schema.required.toSorted());
    }
  });

  it("names the values of an argument, and its type", () => {
    const { trigger } = toolFunction(operationOf("listRuns"), api.ports as ApiPorts, { ...api.settings });
    const properties = JSON.parse(String(trigger?.toolProperties)) as { propertyName: string }[];

    expect(properties.find(({ propertyName }) => propertyName === "state")).toMatchObject({
      propertyType: "string",
      description: expect.stringContaining("failed") as string,
      isArray: false,
    });
  });

  it("begins with the same instructions", () => {
    const host = JSON.parse(readFileSync(join(__dirname, "../../../host.json"), "utf8")) as {
      extensions: { mcp: { instructions: string } };
    };
    expect(host.extensions.mcp.instructions).toBe(INSTRUCTIONS);
  });
});

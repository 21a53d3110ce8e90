import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { ApiClient } from "../../../cli/client";
import { createMcpServer } from "../../../cli/mcp-server";
import { toolName, toolOf, type ToolScope } from "../../../src/api/mcp/tools";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { ApiServer } from "../../support/api-server";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const server = new ApiServer(
  () => api.ports,
  () => api.settings,
);
const clients: Client[] = [];
beforeAll(async () => server.start());
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
});

/** The official client, connected to the server as an agent would be. */
async function agent(scope: ToolScope): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  const context = { fetch, sleep: async () => undefined, signal: new AbortController().signal };
  const app = new ApiClient({ name: "test", url: `${server.url}/api` }, context);
  await createMcpServer(app, scope, "1.2.3").connect(there);
  const client = new Client({ name: "test", version: "1" });
  await client.connect(here);
  clients.push(client);
  return client;
}

describe("the tools", () => {
  it("are every operation that is a command, and by default only what changes nothing", async () => {
    const all = (await (await agent("all")).listTools()).tools;
    const reads = (await (await agent("read")).listTools()).tools;

    const commands = OPERATIONS.filter(({ command }) => command !== undefined);
    expect(all.map(({ name }) => name)).toEqual(commands.map(toolName));
    expect(reads.map(({ name }) => name)).toEqual(commands.filter(({ readOnly }) => readOnly).map(toolName));
    expect(reads.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
  });

  it("have arguments of which none hides another", () => {
    for (const operation of OPERATIONS) {
      const { path, query, body } = operation;
      const names = [path, query, body].flatMap((part) =>
        Object.keys((part as { shape?: object } | undefined)?.shape ?? {}),
      );
      expect([operation.id, Object.keys(toolOf(operation).inputSchema.properties).sort()]).toEqual([
        operation.id,
        names.sort(),
      ]);
    }
  });

  it("carry an agent from the list over a failed run to its retry", async () => {
    const runId = idOf(await api.start());
    await api.end(runId, "failed");
    const client = await agent("all");

    const failed = await client.callTool({ name: "list_runs", arguments: { state: "failed", top: 1 } });
    const retried = await client.callTool({ name: "retry_run", arguments: { runId } });

    expect(failed.structuredContent).toMatchObject({
      value: [{ id: runId, error: { step: "ingestion", remedy: expect.stringContaining("retry the run") } }],
    });
    expect(retried.structuredContent).toMatchObject({ id: runId, attempt: 2 });
  });

  it("tell a refusal with its remedy, and a wrong argument by its place", async () => {
    const client = await agent("read");

    const unknown = await client.callTool({ name: "get_run", arguments: { runId: "nope" } });
    const wrong = await client.callTool({ name: "list_runs", arguments: { stat: "failed" } });

    expect(unknown).toMatchObject({
      isError: true,
      structuredContent: { remedy: expect.stringContaining("List the runs") },
    });
    expect(wrong).toMatchObject({ isError: true, structuredContent: { errors: [{ pointer: "stat" }] } });
  });

  it("that would change something are refused with the flag that allows them", async () => {
    const client = await agent("read");

    await expect(client.callTool({ name: "retry_run", arguments: { runId: "x" } })).rejects.toThrow("--allow-changes");
    await expect(client.callTool({ name: "database", arguments: {} })).rejects.toThrow("no tool database");
  });
});

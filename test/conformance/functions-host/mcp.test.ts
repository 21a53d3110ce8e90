import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { TestHost } from "./harness";

const PATH = "/runtime/webhooks/mcp";
const host = new TestHost("mcp");
const clients: Client[] = [];

beforeAll(async () => host.start(), 60_000);
afterAll(async () => {
  for (const client of clients) await client.close();
  await host.dispose();
});

/** The official client, as an agent has it. */
async function agent(headers: Record<string, string> = {}, at = host): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers };
  const transport = new StreamableHTTPClientTransport(new URL(PATH, at.url), { requestInit });
  await client.connect(transport);
  clients.push(client);
  return client;
}

const post = async (body: unknown, accept = "application/json, text/event-stream") =>
  host.request(PATH, { method: "POST", headers: { accept }, body: JSON.stringify(body) });

test("a client meets the server that host.json describes, and its tools with their schemas", async () => {
  const client = await agent();

  expect(client.getServerVersion()).toEqual({ name: "fixture", version: "2.0.0" });
  expect(client.getInstructions()).toBe("Ask nicely.");
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).toSorted()).toEqual(["count_up", "fail", "greet"]);
  expect(tools.find(({ name }) => name === "greet")).toEqual({
    ...{ name: "greet", description: "Greets somebody." },
    inputSchema: {
      type: "object",
      properties: {
        name: { type: "string", description: "Who." },
        tags: { type: "array", items: { type: "string" }, description: "" },
      },
      required: ["name"],
    },
  });
  expect(tools.find(({ name }) => name === "count_up")?.inputSchema).toEqual({
    type: "object",
    properties: { count: { type: "integer", minimum: 1 } },
    required: ["count"],
  });
});

test("a tool gets its arguments typed, as texts in its metadata, and the headers of the request", async () => {
  const client = await agent({ "x-from": "ada" });

  const greeted = await client.callTool({ name: "greet", arguments: { name: "Bo", tags: ["a", "b"] } });
  const counted = await client.callTool({ name: "count_up", arguments: { count: 4 } });

  const [{ text }] = greeted.content as [{ text: string }];
  const given = { call: { name: "Bo", tags: ["a", "b"] }, args: { name: "Bo", tags: '["a","b"]' } };
  expect(JSON.parse(text)).toEqual(given);
  expect(counted).toEqual({ content: [{ type: "text", text: "ada" }], structuredContent: { next: 5 } });
});

test("a call that lacks an argument, and one of an unknown tool, are refused by name", async () => {
  const client = await agent();

  await expect(client.callTool({ name: "greet", arguments: {} })).rejects.toThrow("Please provide: name");
  await expect(client.callTool({ name: "nothing", arguments: {} })).rejects.toThrow("Unknown tool: 'nothing'");
});

test("what a function throws stays in the log", async () => {
  const failed = await (await agent()).callTool({ name: "fail", arguments: {} });

  expect(failed).toMatchObject({ isError: true });
  expect(JSON.stringify(failed)).not.toContain("secret");
});

test("a second function of one tool name is in error, and the first is served", () => {
  expect(host.output).toMatch(/The 'twin' function is in error: another function is the tool "GREET"/);
});

test("requests that are no calls are answered as the protocol has it", async () => {
  expect((await host.request(PATH)).status).toBe(405);
  expect((await post({ jsonrpc: "2.0", method: "notifications/initialized" })).status).toBe(202);
  expect((await post({ jsonrpc: "2.0", id: 1, method: "ping" }, "application/json")).status).toBe(406);
  expect((await post([])).status).toBe(400);
  expect(await (await post({ jsonrpc: "2.0", id: 1, method: "prompts/list" })).text()).toContain('"code":-32601');
});

test("with keys enforced the extension's own key opens it, and no other", async () => {
  const guarded = new TestHost("mcp", { args: ["--enable-auth"] });
  await guarded.start();
  try {
    await expect(agent({ "x-functions-key": keyOf(guarded, "default") }, guarded)).rejects.toThrow();
    const client = await agent({ "x-functions-key": keyOf(guarded, "system:mcp_extension") }, guarded);
    expect((await client.listTools()).tools).toHaveLength(3);
  } finally {
    await guarded.dispose();
  }
});

/** The key of that name, put into the host's state when nobody has asked for it yet. */
function keyOf({ dir }: TestHost, name: string): string {
  const db = new DatabaseSync(join(dir, "state", "functions-host.sqlite"));
  try {
    const value = `key-of-${name}`;
    db.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)").run(`key:${name}`, value);
    return value;
  } finally {
    db.close();
  }
}

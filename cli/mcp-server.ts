import { randomUUID } from "node:crypto";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type CallToolResult,
} from "@modelcontextprotocol/sdk/types.js";
import { INSTRUCTIONS } from "../src/api/mcp/instructions";
import { requestOf, toolName, toolOf, toolOperations, type ToolScope } from "../src/api/mcp/tools";
import type { Operation } from "../src/api/registry/operation";
import { OPERATIONS } from "../src/api/registry/operations";
import type { ApiClient } from "./client";
import { Fault } from "./fault";

/** The operations of a deployment as tools for agents. */
export function createMcpServer(client: ApiClient, scope: ToolScope, version: string): Server {
  const operations = toolOperations(OPERATIONS, scope);
  const server = new Server(
    { name: "batchkeeper", version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: operations.map((operation) => {
      const { inputSchema, ...tool } = toolOf(operation);
      return { ...tool, inputSchema: { ...inputSchema, required: [...inputSchema.required] } };
    }),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const operation = operations.find((candidate) => toolName(candidate) === params.name);
    if (!operation) throw new McpError(ErrorCode.InvalidParams, unknownTool(params.name));
    return callTool(client, operation, params.arguments ?? {});
  });
  return server;
}

function unknownTool(name: string): string {
  const isLeftOut = OPERATIONS.some((operation) => operation.onlyHttp === undefined && toolName(operation) === name);
  return isLeftOut
    ? `${name} changes something: start the server with --allow-changes to have it`
    : `there is no tool ${name}`;
}

async function callTool(
  client: ApiClient,
  operation: Operation,
  given: Readonly<Record<string, unknown>>,
): Promise<CallToolResult> {
  const { path, query, body } = requestOf(operation, given);
  try {
    const answer = await client.call(operation, {
      path: Object.fromEntries(Object.entries(path).map(([name, value]) => [name, String(value)])),
      query,
      ...(operation.body ? { body } : {}),
      ...(operation.idempotencyKey ? { key: randomUUID() } : {}),
    });
    return result(answer.body ?? { status: answer.status }, false);
  } catch (error) {
    if (error instanceof Fault) return result(error.problem, true);
    throw error;
  }
}

function result(value: unknown, isError: boolean): CallToolResult {
  const structured = typeof value === "object" ? { structuredContent: value as Record<string, unknown> } : {};
  return { content: [{ type: "text", text: JSON.stringify(value) }], ...structured, isError };
}

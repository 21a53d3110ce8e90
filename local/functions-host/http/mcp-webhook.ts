import { randomUUID } from "node:crypto";
import type { McpConfig } from "../host-json";
import { log, messageOf } from "../log";
import type { McpTools } from "../triggers/mcp-tools";
import { traceContextOf } from "../worker/trace-context";
import { readBody, send } from "./exchange";
import type { Exchange } from "./exchange";

/** Where Azure's MCP extension listens. */
export const MCP_PATH = "/runtime/webhooks/mcp";

const PROTOCOLS = ["2025-06-18", "2025-03-26", "2024-11-05"];
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Answers clients of the Model Context Protocol over streamable HTTP: one POST, one answer, no session behind it, as the extension does. */
export async function handleMcp(exchange: Exchange, rest: string, tools: McpTools, config: McpConfig): Promise<void> {
  const { req, res, method } = exchange;
  // Its older transport, `/sse` and `/message`, is not served.
  if (rest !== "") return send(res, 404);
  if (method !== "POST") return send(res, 405);
  const accept = req.headers.accept ?? "";
  const accepts = (type: string): boolean => accept.includes(type) || accept.includes("*/*");
  if (!accepts("application/json") || !accepts("text/event-stream"))
    return refuse(exchange, 406, "Not Acceptable: Client must accept both application/json and text/event-stream");
  let message: Message | null;
  try {
    message = JSON.parse((await readBody(req)).toString()) as Message | null;
  } catch {
    message = null;
  }
  if (message === null || typeof message !== "object" || Array.isArray(message))
    return refuse(exchange, 400, "Bad Request: The POST body did not contain a valid JSON-RPC message.");
  // A notification, or an answer to nothing that was asked.
  if (message.id === undefined || message.method === undefined) return send(res, 202);
  const answer = await answerTo(message, exchange, tools, config);
  const session = message.method === "initialize" ? { "Mcp-Session-Id": randomUUID() } : {};
  res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache,no-store", ...session });
  res.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer })}\n\n`);
}

async function answerTo(message: Message, exchange: Exchange, tools: McpTools, config: McpConfig): Promise<object> {
  try {
    return { result: await resultOf(message, exchange, tools, config) };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

async function resultOf(
  { method, params = {} }: Message,
  exchange: Exchange,
  tools: McpTools,
  { serverName, serverVersion, instructions }: McpConfig,
): Promise<object> {
  switch (method) {
    case "initialize": {
      const asked = String(params["protocolVersion"]);
      return {
        protocolVersion: PROTOCOLS.includes(asked) ? asked : PROTOCOLS[0],
        capabilities: { tools: {} },
        serverInfo: { name: serverName, version: serverVersion },
        ...(instructions === undefined ? {} : { instructions }),
      };
    }
    case "ping":
      return {};
    case "tools/list":
      return { tools: tools.list() };
    case "tools/call":
      return callTool(params, exchange, tools);
    default:
      throw new RpcError(METHOD_NOT_FOUND, `Method '${String(method)}' is not available.`);
  }
}

async function callTool(
  params: Readonly<Record<string, unknown>>,
  { req }: Exchange,
  tools: McpTools,
): Promise<object> {
  const headers = Object.entries(req.headers).map(([key, value]) => [key, String(value)]);
  const session = req.headers["mcp-session-id"];
  const call = {
    name: String(params["name"]),
    arguments: (params["arguments"] ?? {}) as Readonly<Record<string, unknown>>,
    sessionId: typeof session === "string" ? session : undefined,
    headers: Object.fromEntries(headers) as Record<string, string>,
    trace: traceContextOf(req.headers),
  };
  const missing = tools.missing(call);
  if (missing === undefined) throw new RpcError(INVALID_PARAMS, `Unknown tool: '${call.name}'`);
  if (missing.length > 0)
    throw new RpcError(
      INVALID_PARAMS,
      `One or more required tool properties are missing values. Please provide: ${missing.join(", ")}`,
    );
  try {
    return await tools.call(call);
  } catch (error) {
    log("debug", `MCP tool ${call.name} failed: ${messageOf(error)}`);
    // As the extension: what went wrong is in the log alone.
    return { content: [{ type: "text", text: `An error occurred invoking '${call.name}'.` }], isError: true };
  }
}

function refuse({ res }: Exchange, status: number, message: string): void {
  send(res, status, { jsonrpc: "2.0", error: { code: -32000, message } });
}

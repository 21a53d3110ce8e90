import { app } from "@azure/functions";
import * as df from "durable-functions";
import type { HttpDoorSettings } from "../api/http/door";
import { toolFunction } from "../api/mcp/door";
import { toolName, toolOperations, type ToolScope } from "../api/mcp/tools";
import type { ApiPorts } from "../api/ports";
import { OPERATIONS } from "../api/registry/operations";

/** What the tools need; `none` registers none. */
export interface McpToolSettings extends Pick<HttpDoorSettings, "auth" | "starterFor"> {
  readonly tools: ToolScope | "none";
}

/** Registers the operations as tools of the host's MCP extension, which asks for its own key before it calls. */
export function registerMcpTools(ports: ApiPorts, { tools, ...settings }: McpToolSettings): void {
  if (tools === "none") return;
  for (const operation of toolOperations(OPERATIONS, tools)) {
    // The extension's key tells nobody apart, and administration wants the master key.
    if (operation.access === "admin" && settings.auth === "keys") continue;
    app.mcpTool(`mcp_${toolName(operation)}`, {
      ...toolFunction(operation, ports, settings),
      ...(operation.readOnly ? {} : { extraInputs: [df.input.durableClient()] }),
    });
  }
}

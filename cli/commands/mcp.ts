import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context";
import { clientOf, COMMON_FLAGS, type CommonFlags } from "../common-flags";

type Flags = Omit<CommonFlags, "json"> & { readonly allowChanges?: boolean };

/** Serves the operations as tools, for an agent that starts this command. */
export const mcpCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Serve the operations to an agent, as MCP tools over standard input and output",
    fullDescription:
      'Serve the operations to an agent, as MCP tools over standard input and output. Without --allow-changes there are only tools that change nothing.\n\nExamples\n  {"mcpServers":{"batchkeeper":{"command":"npx","args":["batchkeeper","mcp","--profile","prod"]}}}',
  },
  parameters: {
    flags: {
      allowChanges: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "also tools that start, cancel or decide something",
      },
      profile: COMMON_FLAGS.profile,
      url: COMMON_FLAGS.url,
    },
  },
  async func({ allowChanges, ...flags }) {
    // Only agents need the protocol: no other command waits for it to load.
    const [{ createMcpServer }, { StdioServerTransport }] = await Promise.all([
      import("../mcp-server.js"),
      import("@modelcontextprotocol/sdk/server/stdio.js"),
    ]);
    const server = createMcpServer(clientOf(this, flags), allowChanges ? "all" : "read", this.version);
    const closed = new Promise<void>((resolve) => {
      server.onclose = resolve;
      this.signal.addEventListener("abort", () => void server.close());
      process.stdin.once("end", () => void server.close());
    });
    await server.connect(new StdioServerTransport());
    await closed;
  },
});

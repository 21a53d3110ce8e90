import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { ApiClient } from "../../cli/client";
import { fieldsOf } from "../../cli/fields";
import { createMcpServer } from "../../cli/mcp-server";
import { toolName } from "../../src/api/mcp/tools";
import { operationOf, type Json } from "../support/api-calls";
import { cli } from "../support/cli";

/** What one action sends, as path, query and body of its operation. */
export interface Sent {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Carries out one action and returns what the door shows. @throws Error when it is refused */
export type Door = (operation: string, sent: Sent) => Promise<string>;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The words of a command line that carries the action out. */
export function commandOf(id: string, { path = {}, query = {}, body = {} }: Sent): string[] {
  const operation = operationOf(id);
  const args = Object.keys(operation.path?.shape ?? {}).map((name) => path[name] ?? "");
  const flags = fieldsOf(operation).flatMap(({ flag, place, at }) => {
    const value = at.reduce<unknown>(
      (inner, part) => (inner as Record<string, unknown> | undefined)?.[part],
      place === "query" ? query : body,
    );
    if (value === undefined || value === false) return [];
    const name = `--${kebab(flag)}`;
    return value === true ? [name] : [name, typeof value === "string" ? value : JSON.stringify(value)];
  });
  return [...(operation.command ?? "").split(" "), ...args, ...flags];
}

/** The command line, as whoever has only its --help uses it. */
export const cliDoor =
  (url: () => string): Door =>
  async (id, sent) => {
    const { code, out, err } = await cli([...commandOf(id, sent), "--json"], { env: { BATCHKEEPER_URL: url() } });
    // 1: carried out, and what it is about is not well.
    if (code > 1) throw new Error(`${commandOf(id, sent).join(" ")}: exit code ${code}\n${out}${err}`);
    return out;
  };

/** The tools, as an agent has them; a session for every call, since the app is started anew in between. */
export const mcpDoor =
  (url: () => string): Door =>
  async (id, { path, query, body }) => {
    const [here, there] = InMemoryTransport.createLinkedPair();
    const context = { fetch, sleep: async () => undefined, signal: new AbortController().signal };
    await createMcpServer(new ApiClient({ name: "drill", url: url() }, context), "all", "1.2.3").connect(there);
    const client = new Client({ name: "drill", version: "1" });
    await client.connect(here);
    const answer = await client.callTool({
      name: toolName(operationOf(id)),
      arguments: { ...path, ...query, ...body },
    });
    await client.close();
    const [text] = answer.content as { text: string }[];
    if (answer.isError) throw new Error(`${toolName(operationOf(id))}: ${text?.text ?? ""}`);
    return text?.text ?? "";
  };

/** A part of what a door showed, by its path. */
export function part(shown: string, ...path: readonly (string | number)[]): string {
  const found = path.reduce<Json | undefined>((inner, one) => inner?.[one], JSON.parse(shown) as Json);
  if (typeof found !== "string") throw new Error(`no text at ${path.join(".")} of ${shown.slice(0, 1000)}`);
  return found;
}

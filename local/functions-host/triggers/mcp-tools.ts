import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import { textOption } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import type { TraceContext } from "../worker/core-types";

/** What a client sees of a tool. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: "object"; readonly properties: object; readonly required: readonly string[] };
}

/** A call of a tool, and who made it. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly sessionId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly trace: TraceContext | undefined;
}

interface Property {
  readonly propertyName: string;
  readonly propertyType: string;
  readonly description?: string;
  readonly isRequired?: boolean;
  readonly isArray?: boolean;
}

interface Tool extends ListedTool {
  readonly fn: RegisteredFunction;
}

/** The functions with a trigger `mcpToolTrigger`, as Azure's MCP extension has them. */
export class McpTools {
  private readonly tools = new Map<string, Tool>();

  constructor(private readonly invoker: Invoker) {}

  /** Throws Error when the trigger is wrong, or another function has the name. */
  add(fn: RegisteredFunction): void {
    const name = textOption(fn.trigger, "toolName", "");
    if (name === "") throw new Error("its trigger has no toolName");
    // Names are compared without their case, as the extension does.
    if (this.tools.has(name.toLowerCase())) throw new Error(`another function is the tool "${name}"`);
    const description = textOption(fn.trigger, "description", "");
    this.tools.set(name.toLowerCase(), { fn, name, description, inputSchema: schemaOf(fn) });
  }

  list(): ListedTool[] {
    return [...this.tools.values()].map(({ fn: _fn, ...tool }) => tool);
  }

  /** Names of arguments that a call lacks; undefined when there is no such tool. */
  missing({ name, arguments: given }: ToolCall): string[] | undefined {
    const required = this.tools.get(name.toLowerCase())?.inputSchema.required;
    return required?.filter((one) => given[one] === undefined || given[one] === null);
  }

  /** Invokes the function of a tool that there is. Throws what it threw. */
  async call(call: ToolCall): Promise<object> {
    const tool = this.tools.get(call.name.toLowerCase());
    if (!tool) throw new Error(`there is no tool ${call.name}`);
    const { sessionId, headers } = call;
    const transport = { name: "http-streamable", sessionId: sessionId ?? null, properties: { headers } };
    const context = { name: tool.name, arguments: call.arguments, sessionid: sessionId ?? null, transport };
    const text = JSON.stringify(context);
    const { response } = await this.invoker.invoke(tool.fn, {
      trigger: { string: text },
      triggerMetadata: { mcptoolcontext: { json: text }, mcptoolargs: { json: JSON.stringify(texts(call.arguments)) } },
      reason: "This function was called by an MCP client.",
      trace: call.trace,
    });
    return toolResult(response.returnValue, tool.fn.trigger["useResultSchema"] === true);
  }
}

function texts(given: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** The schema that the app gives, or what its plain properties say. */
function schemaOf({ trigger }: RegisteredFunction): ListedTool["inputSchema"] {
  if (trigger["useWorkerInputSchema"] === true) {
    const schema = JSON.parse(textOption(trigger, "inputSchema", "null")) as Partial<ListedTool["inputSchema"]> | null;
    if (schema?.type !== "object") throw new Error("its inputSchema is no JSON schema of an object");
    return { properties: {}, required: [], ...schema, type: "object" };
  }
  const properties = JSON.parse(textOption(trigger, "toolProperties", "[]")) as readonly Property[];
  return {
    type: "object",
    properties: Object.fromEntries(
      properties.map(({ propertyName, propertyType, description = "", isArray = false }) => [
        propertyName,
        { ...(isArray ? { type: "array", items: { type: propertyType } } : { type: propertyType }), description },
      ]),
    ),
    required: properties.filter(({ isRequired }) => isRequired === true).map(({ propertyName }) => propertyName),
  };
}

/** With `useResultSchema` the worker says what kind of content it is; else whatever it gave is a text. */
function toolResult(value: RpcTypedData | null | undefined, isShaped: boolean): object {
  const text = value?.string ?? value?.json ?? "";
  if (!isShaped || text === "") return { content: [{ type: "text", text }] };
  const { type, content, structuredContent } = JSON.parse(text) as Record<string, string | undefined>;
  const parsed = JSON.parse(content ?? "null") as object;
  if (type === "call_tool_result") return parsed;
  return {
    content: type === "multi_content_result" ? parsed : [parsed],
    ...(structuredContent === undefined ? {} : { structuredContent: JSON.parse(structuredContent) as unknown }),
  };
}

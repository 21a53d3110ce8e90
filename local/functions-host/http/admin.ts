import { hostname } from "node:os";
import { isDisabled } from "../settings";
import type { CoreApi } from "../worker/core-api";
import type { RegisteredFunction } from "../worker/core-types";
import { messageOf } from "../log";
import { readBody, send } from "./exchange";
import type { Exchange } from "./exchange";

/** Starts a function with a test input, by trigger type. Throws when the input does not fit. */
export type AdminInvoke = (fn: RegisteredFunction, input: string | undefined) => void;

/** The admin endpoints that tools and tests use. */
export class AdminApi {
  private readonly startedAt = Date.now();

  constructor(
    private readonly core: CoreApi,
    private readonly hostId: string,
    private readonly invoke: AdminInvoke,
  ) {}

  /** Serves a path below `/admin/`. */
  async handle(exchange: Exchange, path: string): Promise<void> {
    const [area, name, verb] = path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    const { method, res } = exchange;
    if (area === "host" && name === "ping") return send(res, 200);
    if (area === "host" && name === "status") return send(res, 200, this.status());
    if (area !== "functions") return send(res, 404);
    if (name === undefined)
      return send(
        res,
        200,
        [...this.core.functions.values()].map((fn) => describe(fn)),
      );
    const fn = [...this.core.functions.values()].find((item) => item.name.toLowerCase() === name.toLowerCase());
    if (!fn) return send(res, 404);
    if (method === "POST" && verb === undefined) return this.run(exchange, fn);
    if (verb === undefined) return send(res, 200, describe(fn));
    return send(
      res,
      verb === "status" ? 200 : 404,
      verb === "status" ? { errors: null, isDisabled: isDisabled(fn.name) } : undefined,
    );
  }

  private async run(exchange: Exchange, fn: RegisteredFunction): Promise<void> {
    const text = (await readBody(exchange.req)).toString();
    let input: string | undefined;
    try {
      const body = text === "" ? {} : (JSON.parse(text) as { input?: unknown });
      input =
        body.input === undefined || body.input === null
          ? undefined
          : typeof body.input === "string"
            ? body.input
            : JSON.stringify(body.input);
    } catch (error) {
      return send(exchange.res, 400, { Message: `the body must be JSON such as {"input":"…"}: ${messageOf(error)}` });
    }
    try {
      this.invoke(fn, input);
    } catch (error) {
      return send(exchange.res, 400, { Message: messageOf(error) });
    }
    send(exchange.res, 202);
  }

  private status(): Record<string, unknown> {
    return {
      id: this.hostId,
      state: "Running",
      version: this.core.hostVersion,
      versionDetails: `${this.core.hostVersion} (Batchkeeper local host)`,
      instanceId: String(process.pid),
      computerName: hostname(),
      processUptime: Date.now() - this.startedAt,
    };
  }
}

function describe(fn: RegisteredFunction): Record<string, unknown> {
  const bindings = Object.entries(fn.metadata.bindings).map(([name, binding]) => ({ ...binding, name }));
  return { name: fn.name, isDisabled: isDisabled(fn.name), language: "node", config: { bindings } };
}

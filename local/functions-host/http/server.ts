import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { HostError, log, messageOf } from "../log";
import { isDisabled, resolveSettings } from "../settings";
import type { HttpConfig } from "../host-json";
import type { RegisteredFunction } from "../worker/core-types";
import type { Cors } from "./cors";
import { send } from "./exchange";
import type { Exchange } from "./exchange";
import type { HttpTrigger } from "./http-trigger";
import type { Keys } from "./keys";
import { compareRoutes, decoded, parseRoute } from "./route-template";
import type { RouteTemplate } from "./route-template";
import { Throttle } from "./throttle";

/** Serves everything below a path prefix; gets the rest of the path. */
export type PathHandler = (exchange: Exchange, rest: string) => Promise<void>;

interface Route {
  readonly fn: RegisteredFunction;
  readonly template: RouteTemplate;
  readonly methods: readonly string[];
}

const HOME = `<!DOCTYPE html><html><head><title>Your Functions app is up and running</title></head><body><h1>Your Functions app is up and running</h1></body></html>`;

/** Methods that a function's requests take. */
const FUNCTION_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** The HTTP side of the host: function routes, admin endpoints and extension webhooks, on 127.0.0.1. */
export class HttpServer {
  private readonly server: Server;
  private readonly prefixes = new Map<string, { handler: PathHandler; keys: readonly string[] | undefined }>();
  private routes: Route[] = [];

  private readonly throttle: Throttle;

  constructor(
    private readonly trigger: HttpTrigger,
    private readonly keys: Keys,
    private readonly cors: Cors,
    private readonly config: HttpConfig,
    private readonly origin: string,
  ) {
    this.throttle = new Throttle(config.maxConcurrentRequests, config.maxOutstandingRequests);
    this.server = createServer((req, res) => void this.answer(req, res));
    this.server.requestTimeout = 0;
  }

  /** Mounts a handler; `keys` names what it asks for when keys are enforced (undefined: nothing). */
  mount(prefix: string, handler: PathHandler, keys?: readonly string[]): void {
    this.prefixes.set(prefix, { handler, keys });
  }

  /** Registers the HTTP functions; one whose route is wrong is reported and left out. Returns their console lines by function name. */
  addFunctions(functions: Iterable<RegisteredFunction>): Map<string, string> {
    const lines = new Map<string, string>();
    for (const fn of functions) {
      if (fn.trigger.type.toLowerCase() !== "httptrigger") continue;
      try {
        const route = this.routeOf(fn);
        this.routes.push(route);
        lines.set(fn.name, `[${route.methods.join(",")}] ${this.origin}/${route.template.text}`);
      } catch (error) {
        log("error", `The '${fn.name}' function is in error: ${messageOf(error)}`, "Host.Startup");
      }
    }
    this.routes = this.routes.toSorted((a, b) => compareRoutes(a.template, b.template));
    return lines;
  }

  private routeOf(fn: RegisteredFunction): Route {
    const methods = (fn.trigger["methods"] as string[] | undefined) ?? ["GET", "POST"];
    const route = resolveSettings((fn.trigger["route"] as string | undefined) ?? fn.name, `route of ${fn.name}`);
    const path = [this.config.routePrefix, route].filter((part) => part !== "");
    return { fn, template: parseRoute(path.join("/")), methods: methods.map((method) => method.toUpperCase()) };
  }

  /** Listens. Throws HostError when the port is taken. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", (error: NodeJS.ErrnoException) => {
        const taken = error.code === "EADDRINUSE";
        reject(
          new HostError(
            taken
              ? `Port ${String(port)} is unavailable. Close the process using that port, or specify another port using --port.`
              : messageOf(error),
          ),
        );
      });
      this.server.listen(port, "127.0.0.1", resolve);
    });
  }

  /** Accepts no more requests and drops idle connections. */
  close(): void {
    this.server.close();
    this.server.closeIdleConnections();
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const url = new URL(req.url ?? "/", `http://${req.headers.host ?? new URL(this.origin).host}`);
      const exchange = { req, res, url, method: req.method ?? "GET" };
      if (!this.cors.handle(exchange)) await this.dispatch(exchange);
    } catch (error) {
      log(
        "error",
        `${req.method ?? ""} ${(req.url ?? "").split("?")[0] ?? ""}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
      );
      if (!res.headersSent) send(res, 500, { Message: "Something went wrong while processing your request" });
      else res.destroy();
    }
  }

  private async dispatch(exchange: Exchange): Promise<void> {
    const path = exchange.url.pathname;
    for (const [prefix, { handler, keys }] of this.prefixes) {
      if (path !== prefix && !path.startsWith(`${prefix}/`)) continue;
      const anonymous = keys === undefined || path === "/admin/host/ping";
      if (!anonymous && !this.keys.allows(exchange, ...keys)) return send(exchange.res, 401);
      return handler(exchange, path.slice(prefix.length + 1));
    }
    await this.invokeRoute(exchange, path);
  }

  private async invokeRoute(exchange: Exchange, path: string): Promise<void> {
    const matches = this.routes.flatMap((route) => {
      const params = isDisabled(route.fn.name) ? undefined : route.template.match(path);
      return params ? [{ ...route, params }] : [];
    });
    const match = matches.find((route) => route.methods.includes(exchange.method));
    if (!match) {
      if (path === "/" && exchange.method === "GET") return home(exchange);
      // A function cannot have these, and App Service lets no TRACE through.
      if (!FUNCTION_METHODS.has(exchange.method))
        return send(exchange.res, 405, undefined, { Allow: allowedOf(matches) });
      return send(exchange.res, 404);
    }
    const level = ((match.fn.trigger["authLevel"] as string | undefined) ?? "anonymous").toLowerCase();
    const names = level === "function" ? ["default", `function:${match.fn.name}`] : [];
    if (level !== "anonymous" && !this.keys.allows(exchange, ...names)) return send(exchange.res, 401);
    for (const [name, value] of this.config.customHeaders) exchange.res.setHeader(name, value);
    const params = Object.fromEntries(Object.entries(match.params).map(([name, value]) => [name, decoded(value)]));
    const taken = await this.throttle.run(() => this.trigger.handle(match.fn, exchange, params));
    if (!taken) send(exchange.res, 429, "Too Many Requests", { "Retry-After": "1" });
  }
}

/** Methods of the routes that a path fits. */
function allowedOf(routes: readonly Route[]): string {
  return [...new Set(routes.flatMap(({ methods }) => methods))].sort().join(", ");
}

function home(exchange: Exchange): void {
  if (process.env["AzureWebJobsDisableHomepage"]?.toLowerCase() === "true") send(exchange.res, 204);
  else send(exchange.res, 200, HOME, { "Content-Type": "text/html" });
}

import { readBody, send } from "../http/exchange";
import type { Exchange } from "../http/exchange";
import { traceContextOf } from "../worker/trace-context";
import { ClientError } from "./client";
import type { DurableClientApi, InstanceFilter } from "./client";
import { managementUrls, traceHeaders, tracedPath } from "./client-input";
import type { DurableEndpoints } from "./client-input";
import { jsonOrText, statusBody } from "./status";
import { isFinished } from "./store";
import type { DurableStore, Instance } from "./store";

const GENERIC_ERROR = "Something went wrong while processing your request";

/** The HTTP management API of Durable Functions; the same handler serves the public webhook path and the app's own RPC path. */
export class ManagementApi {
  constructor(
    private readonly client: DurableClientApi,
    private readonly store: DurableStore,
    private readonly endpoints: DurableEndpoints,
  ) {}

  /** Serves one request; `path` is what follows the base path, without a leading slash. */
  async handle(exchange: Exchange, path: string): Promise<void> {
    const { trace, rest } = tracedPath(path);
    if (trace && !exchange.req.headers["traceparent"]) Object.assign(exchange.req.headers, traceHeaders(trace));
    const parts = rest
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    try {
      if (!(await this.route(exchange, parts))) send(exchange.res, 404);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.status === 404 || error.status === 410) send(exchange.res, error.status);
      else
        send(
          exchange.res,
          error.status,
          error.status === 500 ? { Message: `${GENERIC_ERROR}: ${error.message}` } : { Message: error.message },
        );
    }
  }

  private async route(exchange: Exchange, [kind, id, verb, name]: string[]): Promise<boolean> {
    const { method } = exchange;
    if (kind === "orchestrators" && method === "POST" && id !== undefined) return this.start(exchange, id, verb);
    if (kind === "entities") {
      send(exchange.res, 501, { Message: "Durable entities are not available in the local functions host" });
      return true;
    }
    if (kind !== "instances") return false;
    if (id === undefined) return method === "GET" ? this.list(exchange) : method === "DELETE" && this.purgeBy(exchange);
    if (verb === undefined)
      return method === "GET" ? this.status(exchange, id) : method === "DELETE" && this.purge(exchange, id);
    return method === "POST" && this.control(exchange, id, verb, name);
  }

  private async start(exchange: Exchange, name: string, id: string | undefined): Promise<boolean> {
    const { searchParams } = exchange.url;
    const body = (await readBody(exchange.req)).toString();
    if (body !== "" && !isJson(body)) throw new ClientError(400, "Invalid JSON content");
    const instanceId = this.client.startNew(name, id, body === "" ? null : body, {
      version: searchParams.get("version") ?? undefined,
      trace: traceContextOf(exchange.req.headers),
    });
    await this.waitOrCheckStatus(exchange, instanceId);
    return true;
  }

  /** With `timeout`: waits for the end that long and answers with the output. */
  private async waitOrCheckStatus(exchange: Exchange, id: string): Promise<void> {
    const seconds = Number(exchange.url.searchParams.get("timeout") ?? 0);
    const interval = Math.max(0.1, Number(exchange.url.searchParams.get("pollingInterval") ?? 1)) * 1000;
    for (
      const deadline = Date.now() + seconds * 1000;
      Date.now() < deadline;
      await new Promise((resolve) => setTimeout(resolve, interval))
    ) {
      const instance = this.store.instance(id);
      if (!instance || !isFinished(instance)) continue;
      if (instance.status === "Completed")
        send(exchange.res, 200, JSON.stringify(jsonOrText(instance.output)), {
          "Content-Type": "application/json; charset=utf-8",
        });
      else send(exchange.res, instance.status === "Failed" ? 500 : 200, statusBody(instance, { showInput: true }));
      return;
    }
    const urls = managementUrls(this.endpoints, id);
    delete urls["rewindPostUri"];
    send(exchange.res, 202, urls, { Location: urls["statusQueryGetUri"] ?? "", "Retry-After": "10" });
  }

  private status(exchange: Exchange, id: string): boolean {
    const query = exchange.url.searchParams;
    const instance = this.client.get(id);
    const body = this.body(instance, query);
    if (isFinished(instance)) {
      send(
        exchange.res,
        instance.status === "Failed" && flag(query, "returnInternalServerErrorOnFailure", false) ? 500 : 200,
        body,
      );
    } else {
      const location = managementUrls(this.endpoints, id)["statusQueryGetUri"] ?? "";
      send(exchange.res, 202, body, { Location: location, "Retry-After": "5" });
    }
    return true;
  }

  private body(instance: Instance, query: URLSearchParams): Record<string, unknown> {
    const history = flag(query, "showHistory", false) ? { history: this.store.history(instance) } : {};
    return statusBody(instance, {
      showInput: flag(query, "showInput", true),
      showHistoryOutput: flag(query, "showHistoryOutput", false),
      ...history,
    });
  }

  private list(exchange: Exchange): boolean {
    const query = exchange.url.searchParams;
    const token = exchange.req.headers["x-ms-continuation-token"];
    const top = Number(query.get("top") ?? 100);
    const { page, next } = this.client.query(
      filterOf(query),
      top > 0 ? top : 100,
      typeof token === "string" && token !== "" ? token : undefined,
    );
    const bodies = page.map((instance) => this.body(instance, query));
    send(exchange.res, 200, bodies, next ? { "x-ms-continuation-token": next } : {});
    return true;
  }

  private purge(exchange: Exchange, id: string): boolean {
    const instancesDeleted = this.client.purge(id);
    send(exchange.res, instancesDeleted > 0 ? 200 : 404, instancesDeleted > 0 ? { instancesDeleted } : undefined);
    return true;
  }

  private purgeBy(exchange: Exchange): boolean {
    const filter = filterOf(exchange.url.searchParams);
    if (filter.from === undefined) throw new ClientError(400, "Please provide value for 'createdTimeFrom' parameter.");
    const instancesDeleted = this.client.purgeBy(filter);
    send(exchange.res, instancesDeleted > 0 ? 200 : 404, instancesDeleted > 0 ? { instancesDeleted } : undefined);
    return true;
  }

  private async control(exchange: Exchange, id: string, verb: string, name: string | undefined): Promise<boolean> {
    const query = exchange.url.searchParams;
    const reason = query.get("reason");
    switch (verb.toLowerCase()) {
      case "raiseevent":
        if (name === undefined) return false;
        await this.raiseEvent(exchange, id, name);
        break;
      case "terminate":
        this.client.terminate(id, reason);
        break;
      case "suspend":
      case "resume":
        this.client.suspend(id, reason, verb.toLowerCase() === "suspend");
        break;
      case "rewind":
        await this.client.rewind(id, reason);
        break;
      case "restart":
        await this.waitOrCheckStatus(exchange, this.client.restart(id, flag(query, "restartWithNewInstanceId", true)));
        return true;
      default:
        return false;
    }
    send(exchange.res, 202);
    return true;
  }

  private async raiseEvent(exchange: Exchange, id: string, name: string): Promise<void> {
    const body = (await readBody(exchange.req)).toString();
    const instance = this.client.get(id);
    if (body !== "" && !/json/i.test(exchange.req.headers["content-type"] ?? ""))
      throw new ClientError(400, "Only application/json request content is supported");
    if (body !== "" && !isJson(body)) throw new ClientError(400, "Invalid JSON content");
    this.client.raiseEvent(instance.id, name, body === "" ? null : body);
  }
}

function filterOf(query: URLSearchParams): InstanceFilter {
  const statuses = query
    .getAll("runtimeStatus")
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "");
  return {
    prefix: query.get("instanceIdPrefix") ?? undefined,
    from: time(query, "createdTimeFrom"),
    to: time(query, "createdTimeTo"),
    statuses: statuses.length > 0 ? statuses : undefined,
  };
}

function time(query: URLSearchParams, name: string): number | undefined {
  const value = Date.parse(query.get(name) ?? "");
  return Number.isNaN(value) ? undefined : value;
}

function flag(query: URLSearchParams, name: string, otherwise: boolean): boolean {
  const text = query.get(name)?.toLowerCase();
  return text === "true" ? true : text === "false" ? false : otherwise;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

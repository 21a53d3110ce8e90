import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpRequest, InvocationContext, type HttpResponseInit } from "@azure/functions";
import { httpHandler, type HttpDoorSettings } from "../../src/api/http/door";
import type { ApiPorts } from "../../src/api/ports";
import { OPERATIONS } from "../../src/api/registry/operations";
import { FakeStarter } from "./ledger";

/** The HTTP door on a port of this machine, for clients that speak HTTP. The host's part is done by hand: routes and the key. */
export class ApiServer {
  /** Requests so far, such as `GET /api/v1/runs`. */
  readonly seen: string[] = [];
  /** Answers to give instead of the app's, first one first; null lets a request through. */
  readonly faults: (number | null)[] = [];
  private readonly server: Server;

  constructor(
    private readonly ports: () => Partial<ApiPorts>,
    private readonly settings: () => Partial<HttpDoorSettings> = () => ({}),
    /** Asked for as `x-functions-key` when it is set. */
    private readonly key?: string,
  ) {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status = 200, headers = {}, body = "" } = await this.answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, headers as Record<string, string>).end(body as string);
  }

  private async answer(request: IncomingMessage, text: string): Promise<HttpResponseInit> {
    const { method = "GET" } = request;
    const url = new URL(request.url ?? "/", this.url);
    this.seen.push(`${method} ${url.pathname}${url.search}`);
    const fault = this.faults.shift() ?? null;
    if (fault !== null) return { status: fault };
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    for (const operation of OPERATIONS) {
      const template = operation.http.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
      const match = new RegExp(`^/api/${template}$`).exec(url.pathname);
      if (!match || operation.http.method !== method) continue;
      if (this.key !== undefined && headers["x-functions-key"] !== this.key) return { status: 401 };
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      const call = new HttpRequest({
        method,
        url: url.href,
        headers,
        params: Object.fromEntries(params) as Record<string, string>,
        query: Object.fromEntries(url.searchParams),
        ...(text === "" ? {} : { body: { string: text } }),
      });
      const settings = { auth: "keys" as const, starterFor: () => new FakeStarter(), ...this.settings() };
      const context = new InvocationContext({ functionName: operation.id, logHandler: () => undefined });
      return httpHandler(operation, this.ports() as ApiPorts, settings)(call, context);
    }
    return { status: 404 };
  }
}

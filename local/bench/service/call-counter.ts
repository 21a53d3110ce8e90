import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What was asked of a storage service since the last reset. */
export interface CallCount {
  readonly calls: number;
  /** Rows of all answers of tables. */
  readonly rows: number;
}

/** Stands before one port of the storage emulator and counts. Host and path stay as they are, so that signatures hold. */
export class CallCounter {
  #calls = 0;
  #rows = 0;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;

  private constructor(private readonly target: number) {
    this.#server = createServer((incoming, outgoing) => {
      this.#forward(incoming, outgoing);
    });
  }

  /** Listens on a free port of this machine. */
  static async start(target: number): Promise<CallCounter> {
    const counter = new CallCounter(target);
    await new Promise<void>((resolve) => counter.#server.listen(0, "127.0.0.1", resolve));
    return counter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  reset(): void {
    this.#calls = 0;
    this.#rows = 0;
  }

  count(): CallCount {
    return { calls: this.#calls, rows: this.#rows };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.#calls += 1;
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port: this.target, method, path: url, headers, agent: this.#agent });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      const chunks: Buffer[] = [];
      const isTableAnswer = (answer.headers["content-type"] ?? "").includes("json");
      if (isTableAnswer) answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        this.#rows += rowsIn(Buffer.concat(chunks).toString());
      });
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }
}

/** Rows of a table's answer: those of a list, or the one that was read by its keys. */
function rowsIn(text: string): number {
  if (text === "") return 0;
  const body = JSON.parse(text) as { value?: unknown; RowKey?: unknown };
  if (Array.isArray(body.value)) return body.value.length;
  return body.RowKey === undefined ? 0 : 1;
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came in. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers one request; may also destroy the connection or never answer. */
export type FakeAnswer = (request: SeenRequest, response: ServerResponse) => void;

/** An http server on loopback that answers by script. */
export interface FakeHttp {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Answers JSON text (or any other text). */
export function reply(status: number, body: unknown = {}, headers: Readonly<Record<string, string>> = {}): FakeAnswer {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Closes the connection without an answer. */
export const drop: FakeAnswer = (_request, response) => {
  response.destroy();
};

/** Takes the request and stays silent. */
export const silent: FakeAnswer = () => undefined;

/** Starts a server; the last answer serves every further request. */
export async function startFakeHttp(...answers: [FakeAnswer, ...FakeAnswer[]]): Promise<FakeHttp> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const entry = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      const answer = answers[Math.min(seen.length, answers.length - 1)] ?? silent;
      seen.push(entry);
      answer(entry, response);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

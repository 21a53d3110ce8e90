import type { Caller, Wire } from "../kernel/wire";

/** Who is told of ended runs. Keeps every message that arrived. */
export class Receiver {
  readonly messages: Readonly<Record<string, unknown>>[] = [];

  constructor(private readonly wire: Wire) {}

  async post(caller: Caller, url: string, body: unknown): Promise<void> {
    const text = JSON.stringify(body);
    // As axios does: the error carries the request, and with it the secret of the URL.
    const fault = (answered: boolean): Error =>
      Object.assign(new Error(`Request failed: POST ${url}`), {
        isAxiosError: true,
        code: answered ? "ECONNRESET" : "ECONNREFUSED",
      });
    return this.wire.call(caller, {
      port: "notifier",
      verb: "post",
      what: () => text,
      effect: () => void this.messages.push(JSON.parse(text) as Record<string, unknown>),
      fault,
    });
  }
}

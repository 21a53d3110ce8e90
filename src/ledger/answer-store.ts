import { sha256 } from "../domain/tokens";
import type { Row, TablePort } from "./ports";

/** An answer as it was first given. */
export interface GivenAnswer {
  readonly status: number;
  /** JSON text; null when it was too large to keep. */
  readonly body: string | null;
  readonly location: string | null;
}

/** What is known of a request's key. */
export type KeyState =
  /** Nobody has used it: the caller does the work, then calls `give` or `forget`. */
  | { readonly kind: "new" }
  | { readonly kind: "given"; readonly answer: GivenAnswer }
  | { readonly kind: "inFlight" }
  | { readonly kind: "otherRequest" };

/** One key of one operation, and the request that came with it. */
export interface KeyedRequest {
  readonly operation: string;
  readonly key: string;
  /** Digest of the request; the same key with another one is refused. */
  readonly fingerprint: string;
}

const PARTITION = "answer";
/** The host ends an invocation after ten minutes (host.json): whoever began earlier is gone. */
const IN_FLIGHT_MS = 10 * 60_000;
/** A text column holds 32 Ki UTF-16 units, a row 1 MiB. */
const COLUMN = 30_000;
const MAX_COLUMNS = 14;

/** Keeps the first answer to each `Idempotency-Key`, so that a repeated request is not done twice. */
export class AnswerStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** Takes the key for this request, unless it was used. */
  async begin(request: KeyedRequest): Promise<KeyState> {
    const keys = keysOf(request);
    const row = { ...keys, fingerprint: request.fingerprint, at: this.now().toISOString(), status: 0 };
    if (await this.table.insert(row)) return { kind: "new" };
    const found = await this.table.get(keys.partitionKey, keys.rowKey);
    if (found === null) return { kind: "inFlight" };
    if (found["fingerprint"] !== request.fingerprint) return { kind: "otherRequest" };
    if (Number(found["status"]) > 0) return { kind: "given", answer: answerOf(found) };
    const isStale = this.now().getTime() - Date.parse(String(found["at"])) > IN_FLIGHT_MS;
    return { kind: isStale && (await this.table.merge(row, found.etag)) ? "new" : "inFlight" };
  }

  /** Keeps the answer for whoever sends the request again. */
  async give(request: KeyedRequest, { status, body, location }: GivenAnswer): Promise<void> {
    const text = body ?? "";
    const count = Math.ceil(text.length / COLUMN);
    const parts = Array.from({ length: count <= MAX_COLUMNS ? count : 0 }, (_, index): [string, string] => [
      `body${index}`,
      text.slice(index * COLUMN, (index + 1) * COLUMN),
    ]);
    await this.table.set({
      ...keysOf(request),
      ...Object.fromEntries(parts),
      status,
      columns: body === null ? 0 : parts.length,
      ...(location === null ? {} : { location }),
    });
  }

  /** Frees the key: the request was refused, so that it may be sent again once it is mended. */
  async forget(request: KeyedRequest): Promise<void> {
    const { partitionKey, rowKey } = keysOf(request);
    await this.table.remove(partitionKey, rowKey);
  }
}

function keysOf({ operation, key }: KeyedRequest): { partitionKey: string; rowKey: string } {
  return { partitionKey: PARTITION, rowKey: sha256(`${operation}|${key}`) };
}

function answerOf(row: Row): GivenAnswer {
  const columns = Number(row["columns"] ?? 0);
  const text = Array.from({ length: columns }, (_, index) => textOf(row[`body${index}`])).join("");
  const location = typeof row["location"] === "string" ? row["location"] : null;
  return { status: Number(row["status"]), body: columns === 0 ? null : text, location };
}

function textOf(value: Row[string]): string {
  return typeof value === "string" ? value : "";
}

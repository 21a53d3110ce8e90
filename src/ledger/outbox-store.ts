import { nextTry, type Message, type MessageBody } from "../domain/message";
import type { NewRow, Row, TablePort } from "./ports";
import { listPrefix } from "./ranges";

const WAITING = "message|";
const GIVEN_UP = "undelivered|";
const PROMISED = "promised|";

/** The row of a message, to be inserted in the very transaction that makes the promise. */
export function messageRow(pipeline: string, message: Message): NewRow {
  const { id, body, createdAt, dueAt, tries, lastFault } = message;
  return {
    partitionKey: pipeline,
    rowKey: `${WAITING}${dueAt}|${id}`,
    id,
    body: JSON.stringify(body),
    createdAt,
    dueAt,
    tries,
    lastFault: lastFault ?? "",
  };
}

/** A message that was not tried yet. */
export function newMessage(id: string, body: MessageBody, now: Date): Message {
  const at = now.toISOString();
  return { id, body, createdAt: at, dueAt: at, tries: 0, lastFault: null };
}

function toMessage(row: Row): Message {
  return {
    id: String(row["id"]),
    body: JSON.parse(String(row["body"])) as MessageBody,
    createdAt: String(row["createdAt"]),
    dueAt: String(row["dueAt"]),
    tries: Number(row["tries"]),
    lastFault: typeof row["lastFault"] === "string" && row["lastFault"] !== "" ? row["lastFault"] : null,
  };
}

/** Messages that were promised and not yet taken, in the partition of their pipeline. Delivered ones are gone. */
export class OutboxStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** Promises a message on its own; an id that waits already is left alone. */
  async add(pipeline: string, id: string, body: MessageBody): Promise<void> {
    await this.table.insert(messageRow(pipeline, newMessage(id, body, this.now())));
  }

  /** Promises a message once for ever: a mark stays behind, in the same transaction. False when it was promised before. */
  async addOnce(pipeline: string, id: string, body: MessageBody): Promise<boolean> {
    return this.table.transact([
      { kind: "insert", row: { partitionKey: pipeline, rowKey: `${PROMISED}${id}` } },
      { kind: "insert", row: messageRow(pipeline, newMessage(id, body, this.now())) },
    ]);
  }

  /** Messages that wait, those first that are due first. */
  async waiting(pipeline: string, limit: number): Promise<Message[]> {
    return (await listPrefix(this.table, pipeline, WAITING, { limit })).map(toMessage);
  }

  /** Messages that nobody took for a day. */
  async undelivered(pipeline: string, limit: number): Promise<Message[]> {
    return (await listPrefix(this.table, pipeline, GIVEN_UP, { limit })).map(toMessage);
  }

  /** Removes a message that was given up. */
  async forget(pipeline: string, { id }: Message): Promise<void> {
    await this.table.remove(pipeline, `${GIVEN_UP}${id}`);
  }

  async delivered(pipeline: string, message: Message): Promise<void> {
    await this.table.remove(pipeline, messageRow(pipeline, message).rowKey);
  }

  /** Notes a failed try: the message waits for the next, or is given up where everybody can see it. */
  async failed(pipeline: string, message: Message, fault: string): Promise<"waiting" | "given up"> {
    const tries = message.tries + 1;
    const next = nextTry(tries, this.now());
    const changed = { ...message, tries, lastFault: fault, dueAt: (next ?? this.now()).toISOString() };
    const row = messageRow(pipeline, changed);
    const rowKey = next === null ? `${GIVEN_UP}${message.id}` : row.rowKey;
    // Written before the old row goes: a crash between the two repeats a message and loses none.
    await this.table.put({ ...row, rowKey });
    if (rowKey !== messageRow(pipeline, message).rowKey) await this.delivered(pipeline, message);
    return next === null ? "given up" : "waiting";
  }
}

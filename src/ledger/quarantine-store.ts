import type { Page } from "../domain/page";
import { nextDelivery, setAsideId, type Decision } from "../domain/quarantine";
import { sha256 } from "../domain/tokens";
import type { NewRow, Row, TablePort } from "./ports";
import { listPrefix } from "./ranges";
import { newestFirst } from "./run-rows";

/** What a run set aside of one file, as the ledger lists it; line, rule and text of each row are in the run's export. */
export interface SetAside {
  readonly id: string;
  readonly pipeline: string;
  readonly runId: string;
  readonly path: string;
  readonly etag: string;
  readonly source: string;
  /** True when the whole file was set aside. */
  readonly whole: boolean;
  readonly rows: number;
  /** Rule of the first row, or what is wrong with the file. */
  readonly rule: string;
  readonly foundAt: string;
  readonly decision: Decision | null;
}

/** Whether a person has to look at it still. */
export type SetAsideState = "open" | "decided";

/** A release whose drop may not be there yet. */
export interface Delivery {
  readonly pipeline: string;
  readonly runId: string;
  /** Of the file that was set aside. */
  readonly path: string;
  /** Where the drop is put. */
  readonly container: string;
  /** True when it is the frozen copy of the file as it is; else its bytes are staged. */
  readonly frozen: boolean;
  /** Tries of the sweeper that failed. */
  readonly tries: number;
  /** What the last of them met; null before. */
  readonly fault: string | null;
  /** When it failed last; null before. */
  readonly triedAt: string | null;
  /** The sweeper does not try it before; empty when it may at once. */
  readonly dueAt: string;
}

/** A delivery as it is promised: nobody has tried it. */
export type NewDelivery = Pick<Delivery, "container" | "frozen">;

const partitionOf = (pipeline: string): string => `setaside|${pipeline}`;

function rowKeyOf(state: SetAsideState | "undelivered", { runId, path }: Pick<SetAside, "runId" | "path">): string {
  return `${state}|${newestFirst(runId)}|${sha256(path).slice(0, 32)}`;
}

function rowOf({ id: _id, decision, etag: blobEtag, ...columns }: SetAside): NewRow {
  const rowKey = rowKeyOf(decision === null ? "open" : "decided", columns);
  const decided = decision === null ? "" : JSON.stringify(decision);
  // The SDK keeps a row's own entity tag in `etag`.
  return { partitionKey: partitionOf(columns.pipeline), rowKey, ...columns, blobEtag, decision: decided };
}

function toSetAside(row: Row): SetAside {
  const text = (column: string): string => (typeof row[column] === "string" ? row[column] : "");
  const decision = text("decision");
  return {
    id: setAsideId(text("runId"), text("path")),
    pipeline: text("pipeline"),
    runId: text("runId"),
    path: text("path"),
    etag: text("blobEtag"),
    source: text("source"),
    whole: row["whole"] === true,
    rows: typeof row["rows"] === "number" ? row["rows"] : 0,
    rule: text("rule"),
    foundAt: text("foundAt"),
    decision: decision === "" ? null : (JSON.parse(decision) as Decision),
  };
}

function toDelivery({ pipeline, runId, path, container, frozen, tries, fault, triedAt, dueAt }: Row): Delivery {
  const keys = { pipeline: String(pipeline), runId: String(runId), path: String(path) };
  const told = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    ...{ ...keys, container: String(container), frozen: frozen === true },
    ...{ tries: typeof tries === "number" ? tries : 0, fault: told(fault), triedAt: told(triedAt) },
    dueAt: told(dueAt) ?? "",
  };
}

/** What ingestion set aside, by pipeline, newest run first; open until a person decides. */
export class QuarantineStore {
  constructor(private readonly table: TablePort) {}

  /** Notes what a run set aside, open or with a decision that holds for it; what was decided meanwhile stays decided. */
  async note(item: SetAside): Promise<void> {
    if ((await this.find(item, "decided")) === null) await this.table.insert(rowOf(item));
  }

  /** Takes back what another run noted of these files, unless it was decided: the batch is now the later run's. */
  async withdraw(pipeline: string, runId: string, paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.table.remove(partitionOf(pipeline), rowKeyOf("open", { runId, path }));
  }

  /** Items of a state, newest run first. */
  async list(pipeline: string, state: SetAsideState, top: number, token?: string): Promise<Page<SetAside>> {
    const prefix = `${state}|`;
    const after = token === undefined ? {} : { after: `${prefix}${token}` };
    const rows = await listPrefix(this.table, partitionOf(pipeline), prefix, { ...after, limit: top + 1 });
    const page = rows.slice(0, top);
    const nextToken = rows.length > top ? (page.at(-1)?.rowKey.slice(prefix.length) ?? null) : null;
    return { items: page.map(toSetAside), nextToken };
  }

  /** What a run set aside, open and decided. */
  async ofRun(pipeline: string, runId: string): Promise<SetAside[]> {
    const prefixes = ["open", "decided"].map((state) => `${state}|${newestFirst(runId)}|`);
    const found = await Promise.all(
      prefixes.map(async (prefix) => listPrefix(this.table, partitionOf(pipeline), prefix)),
    );
    return found.flat().map(toSetAside);
  }

  /** Removes all items of a run for good. */
  async erase(pipeline: string, runId: string): Promise<void> {
    for (const item of await this.ofRun(pipeline, runId)) {
      await this.table.remove(partitionOf(pipeline), rowKeyOf("undelivered", item));
      await this.table.remove(partitionOf(pipeline), rowKeyOf(item.decision === null ? "open" : "decided", item));
    }
  }

  /**
   * Records a decision, and with it the delivery that it promises; of several at once the first stands. Returns the item as it is then,
   * null when there is none.
   */
  async decide(item: SetAside, decision: Decision, delivery: NewDelivery | null): Promise<SetAside | null> {
    const decided = { ...item, decision };
    const { pipeline, runId, path } = item;
    const partitionKey = partitionOf(pipeline);
    const promised = { partitionKey, rowKey: rowKeyOf("undelivered", item), pipeline, runId, path, ...delivery };
    const done = await this.table.transact([
      { kind: "delete", partitionKey, rowKey: rowKeyOf("open", item) },
      { kind: "insert", row: rowOf(decided) },
      ...(delivery === null ? [] : [{ kind: "insert", row: promised } as const]),
    ]);
    return done ? decided : this.find(item, "decided");
  }

  /** The delivery that a decision promised; null when it was carried out. */
  async delivery(item: SetAside): Promise<Delivery | null> {
    const row = await this.table.get(partitionOf(item.pipeline), rowKeyOf("undelivered", item));
    return row && toDelivery(row);
  }

  /** Deliveries of a pipeline that were promised and not carried out: those first that are due first. */
  async undelivered(pipeline: string): Promise<Delivery[]> {
    const all = (await listPrefix(this.table, partitionOf(pipeline), "undelivered|")).map(toDelivery);
    return all.sort((a, b) => (a.dueAt < b.dueAt ? -1 : a.dueAt > b.dueAt ? 1 : 0));
  }

  /** Notes a failed try, after which the others come first. What was delivered meanwhile stays so. */
  async failed(delivery: Delivery, fault: string, now: Date): Promise<void> {
    const partitionKey = partitionOf(delivery.pipeline);
    const rowKey = rowKeyOf("undelivered", delivery);
    const row = await this.table.get(partitionKey, rowKey);
    if (row === null) return;
    const tries = toDelivery(row).tries + 1;
    const tried = { fault, tries, triedAt: now.toISOString(), dueAt: nextDelivery(tries, now).toISOString() };
    await this.table.merge({ partitionKey, rowKey, ...tried }, row.etag);
  }

  /** Takes back a release whose drop was never put, in favour of another decision. False when it was delivered meanwhile. */
  async takeBack(item: SetAside, decision: Decision): Promise<boolean> {
    const partitionKey = partitionOf(item.pipeline);
    const row = await this.table.get(partitionKey, rowKeyOf("decided", item));
    if (row === null) return false;
    return this.table.transact([
      { kind: "delete", partitionKey, rowKey: rowKeyOf("undelivered", item) },
      { kind: "merge", row: rowOf({ ...item, decision }), expect: row.etag },
    ]);
  }

  /** Marks a delivery as carried out. Safe to repeat. Returns the item as it is then. */
  async delivered(delivery: Delivery, at: string): Promise<SetAside | null> {
    const partitionKey = partitionOf(delivery.pipeline);
    const row = await this.table.get(partitionKey, rowKeyOf("decided", delivery));
    const item = row && toSetAside(row);
    if (row === null || !item?.decision) return item;
    const decided = { ...item, decision: { ...item.decision, deliveredAt: at } };
    const done = await this.table.transact([
      { kind: "delete", partitionKey, rowKey: rowKeyOf("undelivered", delivery) },
      { kind: "merge", row: rowOf(decided), expect: row.etag },
    ]);
    return done ? decided : this.find(delivery, "decided");
  }

  /** An item as a run noted it. */
  async find(item: Pick<SetAside, "pipeline" | "runId" | "path">, state: SetAsideState): Promise<SetAside | null> {
    const row = await this.table.get(partitionOf(item.pipeline), rowKeyOf(state, item));
    return row && toSetAside(row);
  }
}

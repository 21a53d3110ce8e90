import type { Page } from "../domain/page";
import { setAsideId, type Decision } from "../domain/quarantine";
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

const partitionOf = (pipeline: string): string => `setaside|${pipeline}`;

function rowKeyOf(state: SetAsideState, { runId, path }: Pick<SetAside, "runId" | "path">): string {
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

/** What ingestion set aside, by pipeline, newest run first; open until a person decides. */
export class QuarantineStore {
  constructor(private readonly table: TablePort) {}

  /** Notes what a run set aside; what was decided meanwhile stays decided. */
  async note(item: SetAside): Promise<void> {
    if ((await this.find(item, "decided")) === null) await this.table.insert(rowOf(item));
  }

  /** Takes back what another run noted of these files: the batch is now the later run's. */
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
    for (const item of await this.ofRun(pipeline, runId))
      await this.table.remove(partitionOf(pipeline), rowKeyOf(item.decision === null ? "open" : "decided", item));
  }

  /** Records a decision; of several at once the first stands. Returns the item as it is then, null when there is none. */
  async decide(item: SetAside, decision: Decision): Promise<SetAside | null> {
    const decided = { ...item, decision };
    const { partitionKey } = rowOf(decided);
    const done = await this.table.transact([
      { kind: "delete", partitionKey, rowKey: rowKeyOf("open", item) },
      { kind: "insert", row: rowOf(decided) },
    ]);
    return done ? decided : this.find(item, "decided");
  }

  private async find(
    item: Pick<SetAside, "pipeline" | "runId" | "path">,
    state: SetAsideState,
  ): Promise<SetAside | null> {
    const row = await this.table.get(partitionOf(item.pipeline), rowKeyOf(state, item));
    return row && toSetAside(row);
  }
}

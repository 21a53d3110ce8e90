import type { NewRow, Row, RowChange, RowRange, TablePort } from "../../../src/ledger/ports";
import type { Kernel } from "../kernel/kernel";
import type { Caller, Wire, WireCall } from "../kernel/wire";
import { MAX_PAGE, TableRuleError, type MemoryTable } from "./memory-table";

/** A table in memory behind the ledger's port: every call goes over the wire. */
export class SimulatedTable implements TablePort {
  constructor(
    private readonly name: string,
    private readonly table: MemoryTable,
    private readonly caller: Caller,
    private readonly wire: Wire,
    private readonly kernel: Kernel,
  ) {}

  async get(partitionKey: string, rowKey: string): Promise<Row | null> {
    return this.call("get", `${partitionKey} ${rowKey}`, () => this.table.get(partitionKey, rowKey));
  }

  async insert(row: NewRow): Promise<boolean> {
    return this.call("insert", keys(row), () => this.table.insert(row), true);
  }

  async merge(row: NewRow, expect: string): Promise<boolean> {
    return this.call("merge", keys(row), () => this.table.merge(row, expect), true);
  }

  async put(row: NewRow): Promise<void> {
    return this.call("put", keys(row), () => this.table.put(row), true);
  }

  async set(row: NewRow): Promise<void> {
    return this.call("set", keys(row), () => this.table.set(row), true);
  }

  async remove(partitionKey: string, rowKey: string, expect?: string): Promise<boolean> {
    return this.call(
      "remove",
      `${partitionKey} ${rowKey}`,
      () => this.table.remove(partitionKey, rowKey, expect),
      true,
    );
  }

  async transact(changes: readonly RowChange[]): Promise<boolean> {
    const what = changes.map(
      (change) => `${change.kind} ${change.kind === "delete" ? keys(change) : keys(change.row)}`,
    );
    return this.call("transact", what.join(", "), () => this.table.transact(changes), true);
  }

  async *query(range: RowRange): AsyncGenerator<Row> {
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    let last: Row | null = null;
    while (left > 0) {
      // The service may end a page anywhere and hand out a continuation.
      const cut = this.kernel.latency.happens(0.03) ? this.kernel.latency.whole(1, 5) : MAX_PAGE;
      const size = Math.min(cut, left);
      const behind: Row | null = last;
      const page: Row[] = await this.call("query", JSON.stringify(range), () => this.table.page(range, behind, size));
      yield* page;
      left -= page.length;
      last = page.at(-1) ?? last;
      if (page.length < size) return;
    }
  }

  private async call<T>(verb: string, what: string, effect: () => T, repeatable = false): Promise<T> {
    const fault = (answered: boolean): Error =>
      answered
        ? new TableRuleError(500, "OperationTimedOut", "Operation could not be completed within the specified time.")
        : new TableRuleError(503, "ServerBusy", "The server is busy.");
    const call: WireCall<T> = { port: "table", verb, what: `${this.name} ${what}`, effect, fault, repeatable };
    return this.wire.call(this.caller, call);
  }
}

const keys = (row: { readonly partitionKey: string; readonly rowKey: string }): string =>
  `${row.partitionKey} ${row.rowKey}`;

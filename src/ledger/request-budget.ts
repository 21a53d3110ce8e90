import { contend, OVERTAKEN, type Pause, type Sleep } from "./contention";
import type { TablePort } from "./ports";

const KEYS = { partitionKey: "databricks", rowKey: "budget" };
/** The budget is counted over spans of this length. */
const SPAN_MS = 2_000;
/** Portions into which a span's budget is cut: as many processes can get one at once. */
const PORTIONS = 8;

/** Where a process is in the span that it holds a portion of. */
interface Lease {
  readonly span: number;
  left: number;
}

/**
 * Calls to the workspace that all processes of a deployment together may make. Functions scales each trigger apart, and a limit for
 * each process would grow with their number. A process takes a small portion of the running span at a time, so that an idle one
 * holds nothing and a busy one writes one row for several calls.
 */
export class RequestBudget {
  private lease: Lease = { span: -1, left: 0 };
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly table: TablePort,
    private readonly perSecond: number,
    private readonly now: () => Date,
    private readonly sleep: Sleep,
    private readonly pause: Pause,
  ) {}

  /** Resolves when the call may be made; in the order in which callers came. */
  async acquire(): Promise<void> {
    const turn = this.queue.then(async () => this.take());
    // A fault of the storage fails this call, not those behind it.
    this.queue = turn.catch(() => undefined);
    await turn;
  }

  private async take(): Promise<void> {
    while (this.lease.left < 1 || this.lease.span !== this.span()) {
      const granted = await contend("the budget of Databricks calls", this.pause, async () => this.leasePortion());
      if (granted === 0) await this.sleep(SPAN_MS - (this.now().getTime() % SPAN_MS));
    }
    this.lease.left -= 1;
  }

  /** Takes a portion of the running span; 0 when the span is used up. */
  private async leasePortion(): Promise<number | typeof OVERTAKEN> {
    const span = this.span();
    const total = Math.max(1, Math.floor((this.perSecond * SPAN_MS) / 1000));
    const row = await this.table.get(KEYS.partitionKey, KEYS.rowKey);
    const used = row?.["span"] === span ? Number(row["used"]) : 0;
    const portion = Math.min(Math.ceil(total / PORTIONS), total - used);
    if (portion <= 0) return 0;
    const next = { ...KEYS, span, used: used + portion };
    const written = row === null ? await this.table.insert(next) : await this.table.merge(next, row.etag);
    if (!written) return OVERTAKEN;
    this.lease = { span, left: portion };
    return portion;
  }

  private span(): number {
    return Math.floor(this.now().getTime() / SPAN_MS);
  }
}

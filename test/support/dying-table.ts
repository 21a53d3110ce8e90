import type { NewRow, Row, RowChange, RowRange, TablePort } from "../../src/ledger/ports";

/** Thrown instead of the call at which the process "was killed", and by every call after it. */
export class KilledError extends Error {
  override readonly name = "KilledError";
}

/** A real table whose user is killed at one of its writes: the write is made, and nobody sees its answer. */
export class DyingTable implements TablePort {
  static #left = Infinity;

  /** From now on, the `writes`-th write is the last. */
  static killAt(writes: number): void {
    DyingTable.#left = writes;
  }

  static revive(): void {
    DyingTable.#left = Infinity;
  }

  static get isDead(): boolean {
    return DyingTable.#left <= 0;
  }

  constructor(private readonly real: TablePort) {}

  async get(partitionKey: string, rowKey: string): Promise<Row | null> {
    return this.reading(async () => this.real.get(partitionKey, rowKey));
  }

  async insert(row: NewRow): Promise<boolean> {
    return this.writing(async () => this.real.insert(row));
  }

  async merge(row: NewRow, expect: string): Promise<boolean> {
    return this.writing(async () => this.real.merge(row, expect));
  }

  async put(row: NewRow): Promise<void> {
    return this.writing(async () => this.real.put(row));
  }

  async set(row: NewRow): Promise<void> {
    return this.writing(async () => this.real.set(row));
  }

  async remove(partitionKey: string, rowKey: string, expect?: string): Promise<boolean> {
    return this.writing(async () => this.real.remove(partitionKey, rowKey, expect));
  }

  async transact(changes: readonly RowChange[]): Promise<boolean> {
    return this.writing(async () => this.real.transact(changes));
  }

  async *query(range: RowRange): AsyncGenerator<Row> {
    if (DyingTable.isDead) throw new KilledError("killed");
    yield* this.real.query(range);
  }

  private async reading<T>(call: () => Promise<T>): Promise<T> {
    if (DyingTable.isDead) throw new KilledError("killed");
    return call();
  }

  private async writing<T>(call: () => Promise<T>): Promise<T> {
    if (DyingTable.isDead) throw new KilledError("killed");
    DyingTable.#left -= 1;
    const result = await call();
    if (DyingTable.isDead) throw new KilledError("killed");
    return result;
  }
}

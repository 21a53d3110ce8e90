import { BatchStore } from "./batch-store";
import { DropStore } from "./drop-store";
import { Freezer } from "./freezer";
import { GenerationStore } from "./generation-store";
import type { BlobPort, TablePort } from "./ports";
import { RunStore } from "./run-store";
import { SlotStore } from "./slot-store";
import { StateStore } from "./state-store";

/** Storage and names that the ledger works with. */
export interface LedgerDeps {
  /** The table with this full name; makes no call. */
  readonly table: (name: string) => TablePort;
  readonly blobs: BlobPort;
  readonly tablePrefix: string;
  readonly containers: { readonly batches: string; readonly results: string };
  readonly now: () => Date;
}

/** Every store of the ledger. */
export interface Ledger {
  readonly runs: RunStore;
  readonly generations: GenerationStore;
  readonly drops: DropStore;
  readonly batches: BatchStore;
  readonly slots: SlotStore;
  readonly states: StateStore;
  readonly blobs: BlobPort;
  readonly freezer: Freezer;
  readonly containers: LedgerDeps["containers"];
  readonly now: () => Date;
}

/** Builds the stores; makes no call. Tables: `<prefix>runs`, `<prefix>drops`, `<prefix>slots`, `<prefix>state`. */
export function createLedger(deps: LedgerDeps): Ledger {
  const open = (name: string): TablePort => deps.table(`${deps.tablePrefix}${name}`);
  const runs = open("runs");
  const drops = new DropStore(open("drops"), deps.now);
  return {
    runs: new RunStore(runs),
    generations: new GenerationStore(runs),
    drops,
    batches: new BatchStore(drops),
    slots: new SlotStore(open("slots")),
    states: new StateStore(open("state")),
    blobs: deps.blobs,
    freezer: new Freezer(deps.blobs, deps.containers.batches),
    containers: deps.containers,
    now: deps.now,
  };
}

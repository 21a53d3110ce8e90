import { BatchStore } from "./drops/batch-store";
import { CursorStore } from "./drops/cursor-store";
import { DropStore } from "./drops/drop-store";
import { Freezer } from "./drops/freezer";
import { ManifestStore } from "./drops/manifest-store";
import { RetakeStore } from "./drops/retake-store";
import { UnfinishedStore } from "./drops/unfinished-store";
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
  readonly manifests: ManifestStore;
  readonly retakes: RetakeStore;
  readonly unfinished: UnfinishedStore;
  readonly cursors: CursorStore;
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
  const dropTable = open("drops");
  const drops = new DropStore(dropTable, deps.now);
  return {
    runs: new RunStore(runs),
    generations: new GenerationStore(runs),
    drops,
    batches: new BatchStore(drops),
    manifests: new ManifestStore(deps.blobs, deps.containers.batches),
    retakes: new RetakeStore(dropTable, deps.now),
    unfinished: new UnfinishedStore(dropTable),
    cursors: new CursorStore(dropTable),
    slots: new SlotStore(open("slots")),
    states: new StateStore(open("state")),
    blobs: deps.blobs,
    freezer: new Freezer(deps.blobs, deps.containers.batches),
    containers: deps.containers,
    now: deps.now,
  };
}

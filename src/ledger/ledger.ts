import type { TableClient } from "@azure/data-tables";
import type { BlobServiceClient } from "@azure/storage-blob";
import { BatchStore } from "./batch-store";
import { BlobStore } from "./blob-store";
import { DropStore } from "./drop-store";
import { Freezer } from "./freezer";
import { GenerationStore } from "./generation-store";
import { RunStore } from "./run-store";
import { SlotStore } from "./slot-store";
import { StateStore } from "./state-store";
import { LedgerTable } from "./table";

/** Built clients and names that the ledger works with. */
export interface LedgerDeps {
  readonly table: (name: string) => TableClient;
  readonly blobService: BlobServiceClient;
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
  readonly blobs: BlobStore;
  readonly freezer: Freezer;
  readonly containers: LedgerDeps["containers"];
  readonly now: () => Date;
}

/** Builds the stores; makes no call. Tables: `<prefix>runs`, `<prefix>drops`, `<prefix>slots`, `<prefix>state`. */
export function createLedger(deps: LedgerDeps): Ledger {
  const open = (name: string): LedgerTable => new LedgerTable(deps.table(`${deps.tablePrefix}${name}`));
  const runs = open("runs");
  const drops = new DropStore(open("drops"), deps.now);
  const blobs = new BlobStore(deps.blobService);
  return {
    runs: new RunStore(runs),
    generations: new GenerationStore(runs),
    drops,
    batches: new BatchStore(drops),
    slots: new SlotStore(open("slots")),
    states: new StateStore(open("state")),
    blobs,
    freezer: new Freezer(blobs, deps.containers.batches, deps.now),
    containers: deps.containers,
    now: deps.now,
  };
}

import { BatchStore } from "./batch-store";
import { jitteredPause, sleepFor, type Pause, type Sleep } from "./contention";
import { DropStore } from "./drop-store";
import { Freezer } from "./freezer";
import { GenerationStore } from "./generation-store";
import type { BlobPort, TablePort } from "./ports";
import { createOwnerCheck, ownedTable, type CheckOwner } from "./ownership";
import { RequestBudget } from "./request-budget";
import { RunStore } from "./run-store";
import { OutboxStore } from "./outbox-store";
import { RegistryStore } from "./registry-store";
import { SlotStore } from "./slot-store";
import { StateStore } from "./state-store";

/** Storage and names that the ledger works with. */
export interface LedgerDeps {
  /** The table with this full name; makes no call. */
  readonly table: (name: string) => TablePort;
  readonly blobs: BlobPort;
  readonly tablePrefix: string;
  readonly containers: { readonly batches: string; readonly results: string };
  readonly deploymentId: string;
  readonly now: () => Date;
  /** Calls to the workspace that all processes of the deployment together may make in a second. */
  readonly requestsPerSecond: number;
  /** Between lost races; default: jittered. */
  readonly pause?: Pause;
  readonly sleep?: Sleep;
}

/** Every store of the ledger. */
export interface Ledger {
  readonly runs: RunStore;
  readonly generations: GenerationStore;
  readonly drops: DropStore;
  readonly batches: BatchStore;
  readonly slots: SlotStore;
  readonly states: StateStore;
  readonly budget: RequestBudget;
  readonly outbox: OutboxStore;
  readonly registry: RegistryStore;
  readonly blobs: BlobPort;
  readonly freezer: Freezer;
  readonly containers: LedgerDeps["containers"];
  readonly deploymentId: string;
  /** Every access to a table asks this first. */
  readonly checkOwner: CheckOwner;
  readonly now: () => Date;
  readonly pause: Pause;
}

/** Builds the stores; makes no call. Tables: `<prefix>runs`, `<prefix>drops`, `<prefix>slots`, `<prefix>state`. */
export function createLedger(deps: LedgerDeps): Ledger {
  const { deploymentId, now, sleep = sleepFor, pause = jitteredPause(Math.random, sleep) } = deps;
  const plain = (name: string): TablePort => deps.table(`${deps.tablePrefix}${name}`);
  const checkOwner = createOwnerCheck(plain("state"), deploymentId, deps.tablePrefix);
  const open = (name: string): TablePort => ownedTable(plain(name), checkOwner);
  const runs = open("runs");
  const state = open("state");
  const drops = new DropStore(open("drops"), deps.now);
  return {
    runs: new RunStore(runs, pause, now),
    generations: new GenerationStore(runs),
    drops,
    batches: new BatchStore(drops),
    slots: new SlotStore(open("slots")),
    states: new StateStore(state, pause),
    budget: new RequestBudget(state, deps.requestsPerSecond, now, sleep, pause),
    outbox: new OutboxStore(runs, now),
    registry: new RegistryStore(state),
    blobs: deps.blobs,
    freezer: new Freezer(deps.blobs, deps.containers.batches),
    containers: deps.containers,
    deploymentId,
    checkOwner,
    now,
    pause,
  };
}

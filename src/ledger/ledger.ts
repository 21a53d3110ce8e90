import { jitteredPause, sleepFor, type Pause, type Sleep } from "./contention";
import { ActionStore } from "./action-store";
import { AnswerStore } from "./answer-store";
import { BackfillStore } from "./backfill-store";
import { BatchStore } from "./drops/batch-store";
import { CursorStore } from "./drops/cursor-store";
import { DeliveryStore } from "./drops/delivery-store";
import { DropStore } from "./drops/drop-store";
import { Freezer } from "./drops/freezer";
import { ManifestStore } from "./drops/manifest-store";
import { RetakeStore } from "./drops/retake-store";
import { UnfinishedStore } from "./drops/unfinished-store";
import { GenerationStore } from "./generation-store";
import type { BlobPort, TablePort } from "./ports";
import { createOwnerCheck, ownedTable, type CheckOwner } from "./ownership";
import { RequestBudget } from "./request-budget";
import { RunEraser } from "./run-eraser";
import { RunStore } from "./run-store";
import { OutboxStore } from "./outbox-store";
import { RegistryStore } from "./registry-store";
import { SlotStore } from "./slot-store";
import { QuarantineStore } from "./quarantine-store";
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
  readonly manifests: ManifestStore;
  readonly retakes: RetakeStore;
  readonly unfinished: UnfinishedStore;
  readonly quarantine: QuarantineStore;
  readonly deliveries: DeliveryStore;
  readonly cursors: CursorStore;
  readonly slots: SlotStore;
  readonly states: StateStore;
  readonly budget: RequestBudget;
  readonly outbox: OutboxStore;
  readonly eraser: RunEraser;
  readonly actions: ActionStore;
  readonly backfills: BackfillStore;
  readonly answers: AnswerStore;
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
  const dropTable = open("drops");
  const drops = new DropStore(dropTable, deps.now);
  return {
    runs: new RunStore(runs, pause, now),
    generations: new GenerationStore(runs, pause),
    drops,
    batches: new BatchStore(drops),
    manifests: new ManifestStore(deps.blobs, deps.containers.batches),
    retakes: new RetakeStore(dropTable, deps.now),
    unfinished: new UnfinishedStore(dropTable),
    quarantine: new QuarantineStore(dropTable),
    deliveries: new DeliveryStore(dropTable, now),
    cursors: new CursorStore(dropTable),
    slots: new SlotStore(open("slots"), pause),
    states: new StateStore(state, pause),
    budget: new RequestBudget(state, deps.requestsPerSecond, now, sleep, pause),
    outbox: new OutboxStore(runs, now),
    eraser: new RunEraser(runs, drops, deps.blobs),
    actions: new ActionStore(state, now),
    backfills: new BackfillStore(state, pause),
    answers: new AnswerStore(state, now),
    registry: new RegistryStore(state, now),
    blobs: deps.blobs,
    freezer: new Freezer(deps.blobs, deps.containers.batches),
    containers: deps.containers,
    deploymentId,
    checkOwner,
    now,
    pause,
  };
}

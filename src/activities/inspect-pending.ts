import type { CollectorInput, PendingResult } from "../domain/activity-types";
import { holdingPause } from "../domain/pause";
import type { PipelineDefinition, PipelineDefinitions } from "../domain/pipeline-definition";
import { listDrops } from "../ledger/drops/drop-lists";
import type { PendingDrops } from "../ledger/drops/drop-store";
import { lookAgain, type DropRecorder } from "../ledger/drops/record-blob";
import { inParallel } from "../ledger/parallel";
import type { DropFilter } from "../ledger/run-requests";
import { DeliveryJudge } from "../runs/deliveries";
import type { Activity, ActivityDeps } from "../runs/deps";
import { dueRetake } from "../runs/take-over-batch";

/** Blobs that one look goes through. */
const UNFINISHED_PER_LOOK = 200;

/** Looks at the unfinished blobs of a pipeline; gives the seconds until the next has to be looked at, null when there is none. */
async function lookAtUnfinished(
  recorder: DropRecorder,
  pipeline: string,
  settleSeconds: number,
): Promise<number | null> {
  let next: number | null = null;
  for (const blob of await recorder.unfinished.list(pipeline, UNFINISHED_PER_LOOK)) {
    const at = await lookAgain(recorder, blob, settleSeconds);
    if (at !== null) next = Math.min(next ?? Infinity, at.getTime());
  }
  return next === null ? null : Math.max(1, Math.ceil((next - recorder.now().getTime()) / 1000));
}

/** Seconds between looks at a delivery that is waited for: its last file wakes nobody while a collector waits. */
const DELIVERY_LOOK_SECONDS = 30;
/** Pending drops that are judged together. */
const DROPS_PER_PAGE = 1000;
/** Pages that one look goes through in search of a free drop. */
const MAX_PAGES = 10;
/** Drops that are judged at the same time. */
const PARALLEL = 16;

interface ReadyLook extends Pick<ActivityDeps, "ledger"> {
  readonly definition: PipelineDefinition;
  readonly recently: string;
  readonly dropsPerPage: number;
}

/** When the drops that no delivery holds back were seen, oldest first: those of the first page that has any. */
async function seenOfFree({ ledger, definition, dropsPerPage }: ReadyLook, judge: DeliveryJudge): Promise<string[]> {
  let token: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const beyond = token === null ? {} : { token };
    const filter: DropFilter = { pipeline: definition.name, state: "pending", top: dropsPerPage, ...beyond };
    const { items, nextToken } = await listDrops(ledger.drops, definition, filter);
    const judged = await inParallel(items, PARALLEL, async (drop) => ({ drop, ...(await judge.judge(drop)) }));
    const free = judged.filter(({ kind }) => kind !== "waited");
    if (free.length > 0 || nextToken === null) return free.map(({ drop }) => drop.seenAt);
    token = nextToken;
  }
  return [];
}

/** What is pending and not held back by a delivery that is still on its way. */
async function readyDrops(look: ReadyLook): Promise<{
  readonly pending: PendingDrops;
  readonly lookAgainSeconds: number | null;
}> {
  const { ledger, definition, recently } = look;
  const judge = new DeliveryJudge(ledger, definition);
  if (judge.isIdle) return { pending: await ledger.drops.pending(definition.name, recently), lookAgainSeconds: null };
  const seen = await seenOfFree(look, judge);
  const pending = { count: seen.length, oldestSeenAt: seen[0] ?? null, newestSeenAt: seen.at(-1) ?? null };
  const limit = await judge.nextLimit();
  if (limit === null) return { pending, lookAgainSeconds: null };
  const left = Math.ceil((limit.getTime() - ledger.now().getTime()) / 1000);
  return { pending, lookAgainSeconds: Math.max(1, Math.min(left, DELIVERY_LOOK_SECONDS)) };
}

/** Tells the collector what waits, how long it may wait, and whether a run that is already asked for will take it. */
export function createInspectPending(
  { ledger }: ActivityDeps,
  definitions: PipelineDefinitions,
  dropsPerPage = DROPS_PER_PAGE,
): Activity<CollectorInput, PendingResult> {
  return async ({ pipeline }) => {
    const definition = definitions.get(pipeline);
    const drops = definition?.drops;
    const { quietPeriodSeconds = 0, maxWaitSeconds = 0, settleSeconds = 0 } = drops ?? {};
    const none = { count: 0, oldestSeenAt: null, newestSeenAt: null, retakeDue: false, lookAgainSeconds: null };
    if (!definition || !drops) return { ...none, quietPeriodSeconds, maxWaitSeconds, covered: false };
    const lookAgainSeconds = await lookAtUnfinished({ ...ledger, definitions }, pipeline, settleSeconds);
    // Blobs still become drops; what asks for a run waits.
    if (holdingPause((await ledger.states.get(pipeline)).pause) !== null)
      return { ...none, quietPeriodSeconds, maxWaitSeconds, covered: false, lookAgainSeconds };
    const recently = new Date(ledger.now().getTime() - quietPeriodSeconds * 1000).toISOString();
    const ready = await readyDrops({ ledger, definition, recently, dropsPerPage });
    const { pending } = ready;
    const retakeDue = (await dueRetake(ledger, pipeline, null)) !== null;
    const open = pending.count > 0 || retakeDue ? await ledger.runs.open(pipeline) : [];
    const covered = open.some((run) => run.frozenAt === null && run.cancelRequestedAt === null);
    const looks = [lookAgainSeconds, ready.lookAgainSeconds].filter((one) => one !== null);
    const next = looks.length === 0 ? null : Math.min(...looks);
    return { ...pending, quietPeriodSeconds, maxWaitSeconds, covered, retakeDue, lookAgainSeconds: next };
  };
}

import type { OrchestrationContext } from "durable-functions";
import type { ClaimResult, FinishResult, FreezeResult, ManifestResult, RunAttempt } from "../domain/activity-types";
import { CLAIM_DROPS, FINISH_BATCH, FREEZE_DROPS, WRITE_MANIFEST } from "../domain/function-names";
import { pollDelaySeconds } from "../domain/retry";
import { callActivity, secondsSince, waitSeconds, type Durable } from "./durable";

/** Why a batch was not made to its end: a person's cancel, or the run's own time is over. */
type Broken = "cancelled" | "runTimedOut";

const isOver = (context: OrchestrationContext, deadline: string): boolean => secondsSince(context, deadline) >= 0;

/** Claims page by page. */
function* claim(context: OrchestrationContext, run: RunAttempt, deadline: string): Durable<ClaimResult | Broken> {
  let taken = { files: 0, bytes: 0 };
  for (;;) {
    const page = yield* callActivity<ClaimResult>(context, CLAIM_DROPS, { ...run, ...taken });
    if (page.cancelRequested) return "cancelled";
    if (!page.more) return page;
    if (isOver(context, deadline)) return "runTimedOut";
    taken = { files: page.files, bytes: page.bytes };
  }
}

/**
 * Freezes page by page. A cancel and the run's deadline end it; the lack of any progress for the definition's time means that what is
 * left is quarantined. A deadline quarantines nothing: the drops may be fine and only many, and go back to the pending ones.
 */
function* freeze(
  context: OrchestrationContext,
  run: RunAttempt,
  timeoutSeconds: number,
  deadline: string,
): Durable<"done" | Broken> {
  let progressAt = context.df.currentUtcDateTime.toISOString();
  let giveUp = false;
  for (;;) {
    const idleSeconds = secondsSince(context, progressAt);
    giveUp ||= idleSeconds >= timeoutSeconds;
    const page = yield* callActivity<FreezeResult>(context, FREEZE_DROPS, { ...run, giveUp });
    if (page.cancelRequested) return "cancelled";
    if (page.left === "none") return "done";
    if (isOver(context, deadline)) return "runTimedOut";
    if (page.settled > 0) progressAt = context.df.currentUtcDateTime.toISOString();
    if (page.left === "untried" || giveUp) continue;
    const left = Math.min(timeoutSeconds - idleSeconds, -secondsSince(context, deadline));
    const delay = Math.min(pollDelaySeconds(secondsSince(context, progressAt)), left);
    yield* waitSeconds(context, Math.max(1, delay));
  }
}

/**
 * Claims what is pending, freezes it and writes the manifest, page by page: counts are in the history, lists in the ledger. Once all is
 * frozen the manifest is written whatever the time is: the steps look at the deadline themselves, and the work of the freeze is kept.
 */
export function* makeBatch(
  context: OrchestrationContext,
  run: RunAttempt,
  takesDrops: boolean,
  deadline: string,
): Durable<"written" | "empty" | Broken> {
  if (takesDrops) {
    const claimed = yield* claim(context, run, deadline);
    if (typeof claimed === "string") return claimed;
    const frozen = yield* freeze(context, run, claimed.freezeTimeoutSeconds, deadline);
    if (frozen !== "done") return frozen;
  }
  const manifest = yield* callActivity<ManifestResult>(context, WRITE_MANIFEST, run);
  if (manifest.kind === "empty") return "empty";
  for (let more = true; more;) {
    more = (yield* callActivity<FinishResult>(context, FINISH_BATCH, run)).more;
  }
  return "written";
}

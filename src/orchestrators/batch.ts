import type { OrchestrationContext } from "durable-functions";
import type { ClaimResult, FinishResult, FreezeResult, ManifestResult, RunAttempt } from "../domain/activity-types";
import { CLAIM_DROPS, FINISH_BATCH, FREEZE_DROPS, WRITE_MANIFEST } from "../domain/function-names";
import { pollDelaySeconds } from "../domain/retry";
import { callActivity, secondsSince, waitSeconds, type Durable } from "./durable";

/** Claims page by page; null when the run is to be cancelled. */
function* claim(context: OrchestrationContext, run: RunAttempt): Durable<ClaimResult | null> {
  let taken = { files: 0, bytes: 0 };
  for (;;) {
    const page = yield* callActivity<ClaimResult>(context, CLAIM_DROPS, { ...run, ...taken });
    if (page.cancelRequested) return null;
    if (!page.more) return page;
    taken = { files: page.files, bytes: page.bytes };
  }
}

/**
 * Freezes page by page. A cancel ends it; so does the lack of any progress for the definition's time, after which what is left is
 * quarantined.
 * @returns false when the run is to be cancelled
 */
function* freeze(context: OrchestrationContext, run: RunAttempt, timeoutSeconds: number): Durable<boolean> {
  let progressAt = context.df.currentUtcDateTime.toISOString();
  let giveUp = false;
  for (;;) {
    const idleSeconds = secondsSince(context, progressAt);
    giveUp ||= idleSeconds >= timeoutSeconds;
    const page = yield* callActivity<FreezeResult>(context, FREEZE_DROPS, { ...run, giveUp });
    if (page.cancelRequested) return false;
    if (page.left === "none") return true;
    if (page.settled > 0) progressAt = context.df.currentUtcDateTime.toISOString();
    if (page.left === "untried" || giveUp) continue;
    const delay = Math.min(pollDelaySeconds(secondsSince(context, progressAt)), timeoutSeconds - idleSeconds);
    yield* waitSeconds(context, Math.max(1, delay));
  }
}

/** Claims what is pending, freezes it and writes the manifest, page by page: counts are in the history, lists in the ledger. */
export function* makeBatch(
  context: OrchestrationContext,
  run: RunAttempt,
  takesDrops: boolean,
): Durable<"written" | "empty" | "cancelled"> {
  if (takesDrops) {
    const claimed = yield* claim(context, run);
    if (claimed === null) return "cancelled";
    if (!(yield* freeze(context, run, claimed.freezeTimeoutSeconds))) return "cancelled";
  }
  const manifest = yield* callActivity<ManifestResult>(context, WRITE_MANIFEST, run);
  if (manifest.kind === "empty") return "empty";
  for (let more = true; more;) {
    more = (yield* callActivity<FinishResult>(context, FINISH_BATCH, run)).more;
  }
  return "written";
}

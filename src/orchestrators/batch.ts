import type { OrchestrationContext } from "durable-functions";
import type { ClaimResult, ManifestResult, PageResult, RunAttempt } from "../domain/activity-types";
import { CLAIM_DROPS, FINISH_BATCH, FREEZE_DROPS, WRITE_MANIFEST } from "../domain/function-names";
import { pollDelaySeconds } from "../domain/retry";
import { callActivity, secondsSince, waitSeconds, type Durable } from "./durable";

function* freeze(context: OrchestrationContext, run: RunAttempt): Durable<void> {
  const since = context.df.currentUtcDateTime.toISOString();
  for (;;) {
    const page = yield* callActivity<PageResult>(context, FREEZE_DROPS, run);
    if (page.remaining === 0) return;
    if (page.copying === page.remaining) yield* waitSeconds(context, pollDelaySeconds(secondsSince(context, since)));
  }
}

/** Claims what is pending, freezes it and writes the manifest, page by page: ids and counts are in the history, lists in blobs. */
export function* makeBatch(
  context: OrchestrationContext,
  run: RunAttempt,
  takesDrops: boolean,
): Durable<"written" | "empty" | "cancelled"> {
  for (let more = takesDrops; more;) {
    const page = yield* callActivity<ClaimResult>(context, CLAIM_DROPS, run);
    if (page.cancelRequested) return "cancelled";
    more = page.more;
  }
  if (takesDrops) yield* freeze(context, run);
  const manifest = yield* callActivity<ManifestResult>(context, WRITE_MANIFEST, run);
  if (manifest.kind === "empty") return "empty";
  for (let remaining = 1; remaining > 0;) {
    remaining = (yield* callActivity<PageResult>(context, FINISH_BATCH, run)).remaining;
  }
  return "written";
}

import { advanceBackfill } from "../runs/advance-backfill";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Goes on with every open backfill: the end of a window's run does so at once, and this is for when it could not. */
export async function sweepBackfills({ activities, starter, log }: SweepPass): Promise<void> {
  await forEachItem(
    log,
    await activities.ledger.backfills.open(),
    (backfill) => ({ backfill }),
    async (id) => advanceBackfill(activities, id, { starter, log }),
  );
}

import { deliverDueMessages } from "../runs/publish-run";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Tells what was promised and not yet taken (R7): the activity that should have told may have been lost. */
export async function sweepMessages({ activities, log }: SweepPass): Promise<void> {
  const pipelines = await activities.ledger.registry.pipelines();
  await forEachItem(
    log,
    pipelines,
    (pipeline) => ({ pipeline }),
    async (pipeline) => deliverDueMessages(activities, pipeline, log),
  );
}

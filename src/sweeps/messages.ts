import { deliverDueMessages } from "../runs/publish-run";
import type { SweepPass } from "./deps";

/** Tells what was promised and not yet taken (R7): the activity that should have told may have been lost. */
export async function sweepMessages({ activities, log }: SweepPass): Promise<void> {
  for (const pipeline of await activities.ledger.registry.pipelines())
    await deliverDueMessages(activities, pipeline, log);
}

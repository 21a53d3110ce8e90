import { deliver } from "../runs/quarantine/deliver";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Deliveries that one pass carries out for a pipeline. */
const PER_PASS = 50;

/** Carries out what a release promised and did not come to: whoever decided it was cut off in between. */
export async function sweepReleases({ activities: { ledger }, definitions, starter, log }: SweepPass): Promise<void> {
  for (const pipeline of await ledger.registry.pipelines()) {
    const promised = await ledger.quarantine.undelivered(pipeline, PER_PASS);
    const describe = ({ runId }: (typeof promised)[number]) => ({ pipeline, runId });
    await forEachItem(log, promised, describe, async (delivery) => {
      await deliver({ ledger, definitions }, delivery, starter);
      log.warn("release delivered by the sweeper", { pipeline, runId: delivery.runId });
    });
  }
}

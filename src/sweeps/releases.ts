import { faultText } from "../runs/databricks-call";
import { deliver } from "../runs/quarantine/deliver";
import type { Delivery } from "../ledger/quarantine-store";
import { inParallel } from "../ledger/parallel";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Deliveries that one pass tries for a pipeline. */
const PER_PASS = 50;
const PARALLEL = 8;

/**
 * Carries out what a release promised and did not come to: whoever decided it was cut off in between. One that cannot be carried out
 * waits longer after every try, so that it keeps none of the others back; the overview names it with what stands against it.
 */
export async function sweepReleases({ activities: { ledger }, definitions, starter, log }: SweepPass): Promise<void> {
  const { quarantine, registry } = ledger;
  const now = ledger.now();
  const promised = await inParallel(await registry.pipelines(), PARALLEL, async (pipeline) =>
    (await quarantine.undelivered(pipeline)).filter(({ dueAt }) => dueAt <= now.toISOString()).slice(0, PER_PASS),
  );
  const describe = ({ pipeline, runId, path }: Delivery) => ({ pipeline, runId, path });
  await forEachItem(log, promised.flat(), describe, async (delivery) => {
    try {
      await deliver({ ledger, definitions }, delivery, starter);
    } catch (error) {
      await quarantine.failed(delivery, faultText(error), now);
      throw error;
    }
    log.warn("release delivered by the sweeper", { pipeline: delivery.pipeline, runId: delivery.runId });
  });
}

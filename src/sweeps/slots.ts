import { WAKE } from "../domain/function-names";
import { parseRunInstanceId } from "../domain/ids";
import { isClosed } from "../domain/run";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Takes slots and tickets from attempts that are over and whose Databricks runs are all terminal (I4). */
export async function sweepSlots(pass: SweepPass): Promise<void> {
  const defined = [...pass.definitions.values()].map((definition) => definition.concurrencyGroup);
  const groups = new Set([...defined, ...(await pass.activities.ledger.registry.groups())]);
  await forEachItem(
    pass.log,
    groups,
    (group) => ({ group }),
    async (group) => {
      const { holder, waiting } = await pass.activities.ledger.slots.inspect(group);
      const instances = holder === null ? waiting : [holder, ...waiting];
      const describe = (instanceId: string) => ({ group, instanceId });
      await forEachItem(pass.log, instances, describe, async (instanceId) =>
        sweepPlace(pass, group, instanceId, instanceId === holder),
      );
    },
  );
}

async function sweepPlace(pass: SweepPass, group: string, instanceId: string, holdsSlot: boolean): Promise<void> {
  const { ledger } = pass.activities;
  const parts = parseRunInstanceId(instanceId);
  const run = parts && (await ledger.runs.get(parts.runId));
  if (run && !isClosed(run.state) && run.attempt === parts.attempt) return;
  // A run that is not in the ledger may have generations there all the same.
  const generations = parts ? await ledger.generations.list(parts.runId) : [];
  if (holdsSlot && generations.some((generation) => !generation.terminal)) return;
  pass.log.warn("stale slot or ticket", { group, instanceId });
  const next = await ledger.slots.release(group, instanceId);
  if (next !== null) await pass.starter.raise(next, WAKE);
}

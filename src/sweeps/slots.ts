import { WAKE } from "../domain/function-names";
import { parseRunInstanceId } from "../domain/ids";
import { isClosed } from "../domain/run";
import type { SweepPass } from "./deps";

/** Takes slots and tickets from attempts that are over and whose Databricks runs are all terminal (I4). */
export async function sweepSlots({ activities: { ledger }, definitions, starter, log }: SweepPass): Promise<void> {
  const groups = new Set([...definitions.values()].map((definition) => definition.concurrencyGroup));
  for (const group of groups) {
    const { holder, waiting } = await ledger.slots.inspect(group);
    for (const instanceId of holder === null ? waiting : [holder, ...waiting]) {
      const parts = parseRunInstanceId(instanceId);
      const run = parts && (await ledger.runs.get(parts.runId));
      const over = !run || isClosed(run.state) || run.attempt !== parts.attempt;
      if (!over) continue;
      const open = run ? (await ledger.generations.list(run.runId)).filter((generation) => !generation.terminal) : [];
      if (instanceId === holder && open.length > 0) continue;
      log.warn("stale slot or ticket", { group, instanceId });
      const next = await ledger.slots.release(group, instanceId);
      if (next !== null) await starter.raise(next, WAKE);
    }
  }
}

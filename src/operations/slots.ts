import { parseRunInstanceId } from "../domain/ids";
import type { OperationDeps } from "./deps";

/** Who holds the slot of a concurrency group, and who waits for it, by run id. */
export interface SlotState {
  readonly group: string;
  readonly holder: string | null;
  readonly waiting: readonly string[];
}

const runOf = (instanceId: string): string => parseRunInstanceId(instanceId)?.runId ?? instanceId;

/** The slots of every group that ever had a run, and of the defined ones. */
export async function listSlots({ activities: { ledger }, definitions }: OperationDeps): Promise<SlotState[]> {
  const defined = [...definitions.values()].map(({ concurrencyGroup }) => concurrencyGroup);
  const groups = [...new Set([...defined, ...(await ledger.registry.groups())])].sort();
  return Promise.all(
    groups.map(async (group) => {
      const { holder, waiting } = await ledger.slots.inspect(group);
      return { group, holder: holder === null ? null : runOf(holder), waiting: waiting.map(runOf) };
    }),
  );
}

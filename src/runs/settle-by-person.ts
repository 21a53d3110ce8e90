import type { GenerationRecord } from "../domain/generation";
import type { Ledger } from "../ledger/ledger";
import type { GenerationKey } from "../ledger/generation-rows";
import { boundedText } from "../logging/redact";
import { recordFailure } from "./step-records";

/**
 * Ends the wait for a Databricks run that the app cannot prove to have ended, on a person's word that it is not active. The slot
 * is handed on by whoever waits for the run, or by the sweeper. A generation that is terminal already stays as it is.
 * @param reason what the person saw, such as "ended in the workspace's list of runs"
 */
export async function settleByPerson(
  ledger: Ledger,
  generation: GenerationKey,
  reason: string,
): Promise<GenerationRecord> {
  const message = boundedText(`settled by a person: ${reason}`, 1000);
  return recordFailure(ledger, generation, { cause: "unknown", code: "SETTLED_BY_PERSON", message });
}

import type { GenerationRecord } from "../domain/generation";
import type { Ledger } from "../ledger/ledger";
import { boundedText } from "../logging/redact";
import { recordFailure } from "./step-records";

/**
 * Ends the wait for a Databricks run that the app cannot prove to have ended, on a person's word that it is not active. The slot
 * is handed on by whoever waits for the run, or by the sweeper. A generation that is terminal already stays as it is, and so does one
 * that is no longer as it was looked at, since another call of run-now may have begun.
 * @param reason what the person saw, such as "ended in the workspace's list of runs"
 */
export async function settleByPerson(
  ledger: Ledger,
  looked: GenerationRecord,
  reason: string,
): Promise<GenerationRecord> {
  const message = boundedText(`settled by a person: ${reason}`, 1000);
  const unchanged = ({ submissions, databricksRunId }: GenerationRecord): boolean =>
    submissions === looked.submissions && databricksRunId === looked.databricksRunId;
  return recordFailure(ledger, looked, { cause: "unknown", code: "SETTLED_BY_PERSON", message }, {}, unchanged);
}

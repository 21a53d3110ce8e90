import type { GenerationRecord } from "../domain/generation";
import type { Ledger } from "../ledger/ledger";
import { recordFailure } from "./step-records";

/**
 * Ends the wait for a Databricks run that the app cannot prove to have ended, on a person's word that it is not active. The slot
 * is handed on by whoever waits for the run, or by the sweeper. A generation that is terminal already stays as it is, and so does one
 * that is no longer as it was looked at, since another call of run-now may have begun. What the person saw stays with the action: a
 * verdict's message becomes the run's error.
 */
export async function settleByPerson(ledger: Ledger, looked: GenerationRecord): Promise<GenerationRecord> {
  const message = "settled by a person";
  const unchanged = ({ submissions, databricksRunId }: GenerationRecord): boolean =>
    submissions === looked.submissions && databricksRunId === looked.databricksRunId;
  return recordFailure(ledger, looked, { cause: "unknown", code: "SETTLED_BY_PERSON", message }, {}, unchanged);
}

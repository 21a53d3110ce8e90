import type { PollInput, StepResult } from "../domain/activity-types";
import { callDatabricks, faultText } from "../runs/databricks-call";
import type { Activity, ActivityDeps } from "../runs/deps";
import { judgeStep } from "./judge-step";
import { readRun } from "../runs/read-run";
import { outcomeOf } from "../runs/step-records";

/** After a read that was refused, such as for a bad token. */
const REFUSED_SECONDS = 30;

/** Reads a Databricks run and judges it; a terminal one is recorded with its proof. A failed read never fails the run. */
export function createPollStep({ ledger, jobs }: ActivityDeps): Activity<PollInput, StepResult> {
  return async (input, { log }) => {
    const { runId, ordinal, generation } = input;
    const stored = await ledger.runs.find(runId);
    const record = await ledger.generations.get(runId, ordinal, generation);
    const databricksRunId = record?.databricksRunId ?? null;
    if (!stored || !record || databricksRunId === null)
      throw new Error(`step ${ordinal} of run ${runId} was never started`);
    const cancelRequested = stored.run.cancelRequestedAt !== null;
    if (record.verdict !== null) return { kind: "ended", outcome: outcomeOf(record) };
    const result = await callDatabricks(ledger, () => readRun(jobs, databricksRunId)).catch((error: unknown) => {
      log.error("Databricks run could not be read", { runId, databricksRunId, fault: faultText(error) });
      return { kind: "wait", seconds: REFUSED_SECONDS, fault: faultText(error) } as const;
    });
    if (result.kind === "wait") {
      await ledger.generations.change(runId, ordinal, generation, () => ({ lastFault: result.fault }));
      return { kind: "wait", seconds: result.seconds, cancelRequested, fault: result.fault };
    }
    const outcome = await judgeStep(ledger, { input, stored, record, look: result.value });
    if (outcome === null) return { kind: "running", cancelRequested };
    log.info("step ended", { runId, step: record.step, generation, databricksRunId, outcome: outcome.kind });
    return { kind: "ended", outcome };
  };
}

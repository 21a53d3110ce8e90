import type { PollInput, StepResult } from "../domain/activity-types";
import type { GenerationRecord } from "../domain/generation";
import { deletedRunVerdict } from "../domain/verdict";
import { confirmGone } from "../runs/absence";
import type { StoredRun } from "../ledger/run-store";
import { callPatiently } from "../runs/databricks-call";
import type { Activity, ActivityDeps } from "../runs/deps";
import { readRun } from "../runs/read-run";
import { noteFault, outcomeOf, recordFailure } from "../runs/step-records";
import { foreignRun, foreignWorkspace } from "../runs/stop-run";
import { judgeStep } from "./judge-step";

/** After a look that showed no run. */
const ABSENT_SECONDS = 30;
/** Until a person did what waiting cannot do. */
const PERSON_SECONDS = 300;

/** What a look led to: how the step stands, or why nothing can be said yet. */
type Look = StepResult | { readonly kind: "foreign"; readonly why: string };

/** Reads a Databricks run and judges it; a terminal one is recorded with its proof. A failed read never fails the run. */
export function createPollStep(deps: ActivityDeps): Activity<PollInput, StepResult> {
  const { ledger, jobs } = deps;

  async function look(
    input: PollInput,
    stored: StoredRun,
    record: GenerationRecord,
    databricksRunId: string,
  ): Promise<Look> {
    const lookedAt = ledger.now();
    const snapshot = await readRun(jobs, databricksRunId, stored.definition.steps[input.ordinal]?.task);
    if (snapshot === null) {
      const fault = `Databricks says that run ${databricksRunId} does not exist`;
      if (!(await confirmGone(deps, record, lookedAt)))
        return { kind: "wait", seconds: ABSENT_SECONDS, cancelRequested: false, fault };
      return {
        kind: "ended",
        outcome: outcomeOf(await recordFailure(ledger, input, deletedRunVerdict(databricksRunId))),
      };
    }
    const foreign = foreignRun(deps, record, snapshot.run);
    return foreign === null
      ? judgeStep(ledger, { input, stored, record, snapshot })
      : { kind: "foreign", why: foreign };
  }

  return async (input, { log }) => {
    const { runId, ordinal, generation } = input;
    const stored = await ledger.runs.find(runId);
    const record = await ledger.generations.get(runId, ordinal, generation);
    const databricksRunId = record?.databricksRunId ?? null;
    if (!stored || !record || databricksRunId === null)
      throw new Error(`step ${ordinal} of run ${runId} was never started`);
    const cancelRequested = stored.run.cancelRequestedAt !== null;
    if (record.verdict !== null) return { kind: "ended", outcome: outcomeOf(record) };
    const elsewhere = foreignWorkspace(deps, record);
    const called =
      elsewhere === null
        ? await callPatiently(ledger, async () => look(input, stored, record, databricksRunId))
        : ({ kind: "value", value: { kind: "foreign", why: elsewhere } } as const);
    const seen = called.kind === "value" ? called.value : { ...called, cancelRequested };
    if (seen.kind === "running") return { ...seen, cancelRequested };
    if (seen.kind === "ended") {
      log.info("step ended", { runId, step: record.step, generation, databricksRunId, outcome: seen.outcome.kind });
      return seen;
    }
    const fault = seen.kind === "foreign" ? seen.why : seen.fault;
    log.warn("Databricks run could not be judged", { runId, databricksRunId, fault });
    if (seen.kind === "foreign")
      await ledger.generations.change(runId, ordinal, generation, ({ verdict }) =>
        verdict ? null : { needsPerson: fault },
      );
    await noteFault(ledger, record, fault);
    return { kind: "wait", seconds: seen.kind === "foreign" ? PERSON_SECONDS : seen.seconds, cancelRequested, fault };
  };
}

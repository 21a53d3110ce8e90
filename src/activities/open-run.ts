import type { OpenedRun, RunAttempt, StepPlan } from "../domain/activity-types";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import { isClosed } from "../domain/run";
import type { GenerationRecord } from "../domain/generation";
import type { Activity, ActivityDeps } from "../runs/deps";

/** What is left of each step, seen from the generations of earlier attempts. */
export function planSteps(definition: PipelineDefinition, generations: readonly GenerationRecord[]): StepPlan[] {
  return definition.steps.map(({ name, timeoutSeconds, retry }, ordinal) => {
    const last = generations.filter((generation) => generation.ordinal === ordinal).at(-1);
    const done = last?.verdict?.kind === "succeeded" && last.status !== "not_ready";
    // A generation rises only after an observed end; one that has none is taken up again, with the same token.
    const firstGeneration = last === undefined ? 0 : last.verdict === null ? last.generation : last.generation + 1;
    return { ordinal, name, timeoutSeconds, retry, done, firstGeneration };
  });
}

/** First activity of a run: queues it, or tells that this attempt is over, so that a second start of an instance does nothing. */
export function createOpenRun({ ledger }: ActivityDeps): Activity<RunAttempt, OpenedRun> {
  return async ({ runId, attempt }) => {
    const stored = await ledger.runs.find(runId);
    if (!stored || isClosed(stored.run.state) || stored.run.attempt !== attempt) return { kind: "closed" };
    const run = await ledger.runs.change(runId, (current) =>
      current.state === "requested" && current.attempt === attempt ? { state: "queued" } : null,
    );
    if (isClosed(run.state) || run.attempt !== attempt) return { kind: "closed" };
    const steps = planSteps(stored.definition, await ledger.generations.list(runId));
    const { drops, timeoutSeconds } = stored.definition;
    return { kind: "open", takesDrops: drops !== undefined, frozen: run.frozenAt !== null, timeoutSeconds, steps };
  };
}

import type { StepResult } from "../../../src/domain/activity-types";
import type { OrchestrationContext } from "durable-functions";
import { LOOKS_PER_EXECUTION, newTurn } from "../../../src/orchestrators/durable";
import {
  STOP_GRACE_SECONDS,
  waitForStep,
  type StepProgress,
  type StepWait,
} from "../../../src/orchestrators/step-wait";
import { calls, stepOrchestrator, type Yielded } from "../../support/step-orchestrator";

const LATER = "2030-01-01T00:00:00.000Z";
const INPUT = { runId: "r", attempt: 1, ordinal: 0, generation: 0, timeoutSeconds: 600, deadline: LATER };
const started: StepResult = { kind: "running", cancelRequested: false };
const ok = { kind: "succeeded", status: "ok", reason: null } as const;
const ended: StepResult = { kind: "ended", outcome: ok };

/** Answers polls from a list; the last one stays. */
const polls = (list: readonly StepResult[], start: StepResult = started) => {
  let next = 0;
  return (step: Yielded): unknown => {
    if (step.kind !== "activity") return undefined;
    if (step.name === "startStep") return start;
    if (step.name === "pollStep") return list[Math.min(next++, list.length - 1)];
    return null;
  };
};

/** The wait as an orchestration of its own. */
function* stepRun(context: OrchestrationContext) {
  const input = context.df.getInput<StepWait & { progress?: StepProgress }>();
  const waited = yield* waitForStep(context, newTurn(), input, input.progress ?? null);
  if (waited.kind === "ended") return waited.outcome;
  context.df.continueAsNew({ ...input, progress: waited.progress });
  return undefined;
}

describe("waitForStep", () => {
  it("starts once, then looks at growing intervals until the end", () => {
    const stepped = stepOrchestrator(stepRun, INPUT, polls([...Array<StepResult>(8).fill(started), ended]));

    expect(stepped.output).toEqual(ok);
    expect(calls(stepped).filter((name) => name === "startStep")).toHaveLength(1);
    const times = stepped.yielded.flatMap((step) => (step.kind === "any" ? [step.until.getTime()] : []));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect([...gaps].sort((a, b) => a - b)).toEqual(gaps);
    expect(stepped.timersLeft).toBe(0);
  });

  it("hands its progress to a new execution after many looks", () => {
    const stepped = stepOrchestrator(stepRun, { ...INPUT, timeoutSeconds: 1e6 }, polls([started]));

    expect(calls(stepped)).toHaveLength(LOOKS_PER_EXECUTION);
    expect(stepped.continuedWith).toMatchObject({
      runId: "r",
      progress: { started: true, stopping: null, looks: LOOKS_PER_EXECUTION },
    });
    const next = stepOrchestrator(stepRun, stepped.continuedWith, polls([ended]));
    expect(calls(next)).toEqual(["pollStep"]);
  });

  it("cancels at the time limit, and ends only when the run is terminal", () => {
    const timedOut = { kind: "failed", cause: "timedOut", code: "STEP_TIMED_OUT", message: "" } as const;
    let cancelled = false;
    const stepped = stepOrchestrator(stepRun, { ...INPUT, timeoutSeconds: 60 }, (step) => {
      if (step.kind !== "activity") return undefined;
      if (step.name === "cancelStep") cancelled = true;
      const stopping = (step.input as { stopping?: unknown }).stopping === "timedOut";
      return step.name === "pollStep" && cancelled && stopping ? { kind: "ended", outcome: timedOut } : started;
    });

    expect(cancelled).toBe(true);
    expect(stepped.output).toEqual(timedOut);
  });

  it("cancels once on request and asks again when nothing happens", () => {
    const asked: StepResult = { kind: "running", cancelRequested: true };

    const stepped = stepOrchestrator(stepRun, INPUT, polls([...Array<StepResult>(25).fill(asked), ended]));

    const cancels = calls(stepped).filter((name) => name === "cancelStep").length;
    expect(cancels).toBeGreaterThanOrEqual(2);
    expect(cancels).toBeLessThanOrEqual(4);
  });

  it("waits as long as Databricks asked before it looks again", () => {
    const wait: StepResult = { kind: "wait", seconds: 90, cancelRequested: false, fault: "429" };

    const stepped = stepOrchestrator(stepRun, INPUT, polls([wait, ended]));

    const times = stepped.yielded.flatMap((step) => (step.kind === "any" ? [step.until.getTime()] : []));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(90_000);
  });

  it("gives up a start that never got an answer within the limit, and tells the fault", () => {
    const wait: StepResult = { kind: "wait", seconds: 30, cancelRequested: false, fault: "host cannot be reached" };

    const stepped = stepOrchestrator(stepRun, INPUT, polls([], wait));

    expect(stepped.output).toMatchObject({
      kind: "failed",
      code: "START_TIMED_OUT",
      message: expect.stringContaining("host cannot be reached"),
    });
  });

  it("ends the step some time after a cancel that did nothing, never before", () => {
    const times: number[] = [];
    const stepped = stepOrchestrator(stepRun, { ...INPUT, timeoutSeconds: 10 }, (step) => {
      if (step.kind === "any") times.push(step.until.getTime());
      return step.kind === "activity" ? started : undefined;
    });

    expect(stepped.output).toMatchObject({ kind: "failed", cause: "timedOut", code: "NOT_ENDED" });
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
    expect(seconds).toBeGreaterThan(STOP_GRACE_SECONDS);
    expect(seconds).toBeLessThan(STOP_GRACE_SECONDS + 200);
  });

  it("ends the step some time after a cancel although Databricks cannot be read any more", () => {
    const wait: StepResult = { kind: "wait", seconds: 30, cancelRequested: true, fault: "401 UNAUTHORIZED" };

    const stepped = stepOrchestrator(stepRun, INPUT, polls([wait]));

    expect(calls(stepped)).toContain("cancelStep");
    expect(stepped.output).toMatchObject({
      cause: "cancelled",
      code: "NOT_ENDED",
      message: expect.stringContaining("401"),
    });
  });

  it("cancels at the run's own time limit", () => {
    const deadline = "2026-01-01T00:01:00.000Z";
    const stopping: unknown[] = [];
    stepOrchestrator(stepRun, { ...INPUT, deadline }, (step) => {
      if (step.kind !== "activity" || step.name !== "pollStep") return step.kind === "activity" ? started : undefined;
      stopping.push((step.input as { stopping: unknown }).stopping);
      return stopping.at(-1) === null ? started : ended;
    });

    expect(stopping.at(-1)).toBe("runTimedOut");
  });
});

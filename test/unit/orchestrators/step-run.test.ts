import type { StepResult } from "../../../src/domain/activity-types";
import { LOOKS_PER_EXECUTION, stepRun } from "../../../src/orchestrators/step-run";
import { calls, stepOrchestrator, type Yielded } from "../../support/step-orchestrator";

const INPUT = { runId: "r", attempt: 1, ordinal: 0, generation: 0, timeoutSeconds: 600 };
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

describe("stepRun", () => {
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

  it("gives an unknown state up some time after the cancel, never before", () => {
    const gaveUp: boolean[] = [];
    stepOrchestrator(stepRun, { ...INPUT, timeoutSeconds: 10 }, (step) => {
      if (step.kind !== "activity" || step.name !== "pollStep") return step.kind === "activity" ? started : undefined;
      gaveUp.push((step.input as { giveUpUnknown: boolean }).giveUpUnknown);
      return gaveUp.at(-1) ? ended : started;
    });

    expect(gaveUp.filter(Boolean)).toHaveLength(1);
    expect(gaveUp.length).toBeGreaterThan(10);
  });
});

import type { StepOutcome, StepResult } from "../../../src/domain/activity-types";
import { LOOKS_PER_EXECUTION } from "../../../src/orchestrators/durable";
import { pipelineRun } from "../../../src/orchestrators/pipeline-run";
import { calls, stepOrchestrator, type Answer, type Yielded } from "../../support/step-orchestrator";

const RUN = { runId: "scoring-20151116t063000-1a2b3c4d", attempt: 1 };
const retry = { maxGenerations: 3, firstDelaySeconds: 30, backoff: 2 };
const steps = ["ingestion", "scoring"].map((name, ordinal) => ({
  ordinal,
  name,
  timeoutSeconds: 60,
  retry,
  done: false,
  firstGeneration: 0,
}));
const opened = { kind: "open", takesDrops: true, frozen: false, timeoutSeconds: 86_400, steps };
const ok: StepOutcome = { kind: "succeeded", status: "ok", reason: null };
const ending = (outcome: StepOutcome): StepResult => ({ kind: "ended", outcome });
const failed = (cause: string): StepOutcome => ({ kind: "failed", cause, code: "CODE", message: "why" }) as StepOutcome;

const answers = (over: Record<string, unknown> = {}): Answer => {
  const table: Record<string, unknown> = {
    openRun: opened,
    takeSlot: { granted: true, position: 0, cancelRequested: false },
    claimDrops: { more: false, cancelRequested: false },
    freezeDrops: { left: "none", settled: 0, cancelRequested: false },
    writeManifest: { kind: "written", files: 2 },
    finishBatch: { more: false },
    startStep: ending(ok),
    settleRun: { remaining: 0 },
    releaseSlot: { released: true },
    ...over,
  };
  return (step) => {
    if (step.kind !== "activity" && step.kind !== "sub") return undefined;
    const given = table[step.name];
    return typeof given === "function" ? (given as (step: Yielded) => unknown)(step) : (given ?? null);
  };
};

const closing = (stepped: ReturnType<typeof stepOrchestrator>): unknown =>
  stepped.yielded.find((step) => step.kind === "activity" && step.name === "closeRun");

/** The generations that were started, as step and generation. */
const generations = (stepped: ReturnType<typeof stepOrchestrator>): string[] =>
  stepped.yielded.flatMap((step) => {
    if (step.kind !== "activity" || step.name !== "startStep") return [];
    const { ordinal, generation } = step.input as { ordinal: number; generation: number };
    return [`${ordinal}.${generation}`];
  });

const END = ["settleRun", "closeRun", "publishRun", "releaseSlot"];

describe("pipelineRun", () => {
  it("takes the slot, claims, freezes, runs the steps in order and closes, in this order", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers());

    const batch = ["claimDrops", "freezeDrops", "writeManifest", "finishBatch"];
    expect(calls(stepped)).toEqual(["openRun", "takeSlot", ...batch, "startStep", "startStep", ...END]);
    expect(stepped.output).toBe("succeeded");
    expect(generations(stepped)).toEqual(["0.0", "1.0"]);
  });

  it("does nothing for a run that is closed", () => {
    expect(calls(stepOrchestrator(pipelineRun, RUN, answers({ openRun: { kind: "closed" } })))).toEqual(["openRun"]);
  });

  it("starts no step when there is nothing to score", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ writeManifest: { kind: "empty", files: 0 } }));

    expect(calls(stepped)).not.toContain("startStep");
    expect(closing(stepped)).toMatchObject({ input: { state: "nothing_to_do" } });
  });

  it("waits for its slot, hastened by an event, and leaves no timer behind", () => {
    let looks = 0;
    const takeSlot = () => ({ granted: (looks += 1) > 3, position: 4 - looks, cancelRequested: false });
    const table = answers({ takeSlot });

    const stepped = stepOrchestrator(pipelineRun, RUN, (step) =>
      step.kind === "any" && looks === 2 ? "wake" : table(step),
    );

    expect(looks).toBe(4);
    expect(stepped).toMatchObject({ output: "succeeded", timersLeft: 0 });
  });

  it("is cancelled while it waits, before it claims anything", () => {
    const stepped = stepOrchestrator(
      pipelineRun,
      RUN,
      answers({ takeSlot: { granted: false, position: 2, cancelRequested: true } }),
    );

    expect(calls(stepped)).toEqual(["openRun", "takeSlot", ...END]);
    expect(stepped.output).toBe("cancelled");
  });

  it("resumes after what an earlier attempt finished, with the same batch and the next generation", () => {
    const left = [
      { ...steps[0], done: true },
      { ...steps[1], firstGeneration: 2 },
    ];

    const stepped = stepOrchestrator(
      pipelineRun,
      { ...RUN, attempt: 2 },
      answers({ openRun: { ...opened, frozen: true, steps: left } }),
    );

    expect(calls(stepped)).toEqual(["openRun", "takeSlot", "startStep", ...END]);
    expect(generations(stepped)).toEqual(["1.2"]);
  });

  it("repeats a platform fault within the policy, later each time", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ startStep: ending(failed("platform")) }));

    expect(generations(stepped)).toEqual(["0.0", "0.1", "0.2"]);
    const waits = stepped.yielded.flatMap((step) =>
      step.kind === "any" ? [step.until.getTime() - Date.UTC(2026, 0, 1)] : [],
    );
    expect(waits).toEqual([30_000, 90_000]);
    expect(closing(stepped)).toMatchObject({ input: { state: "failed", error: { code: "CODE", step: "ingestion" } } });
  });

  it.each(["code", "configuration", "deleted", "unknown", "timedOut"])("stops at a failure of cause %s", (cause) => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ startStep: ending(failed(cause)) }));

    expect(calls(stepped).filter((name) => name === "startStep")).toHaveLength(1);
    expect(stepped.output).toBe("failed");
  });

  it("ends as not ready without the later steps", () => {
    const stepped = stepOrchestrator(
      pipelineRun,
      RUN,
      answers({ startStep: ending({ kind: "succeeded", status: "not_ready", reason: "no champion" }) }),
    );

    expect(calls(stepped).filter((name) => name === "startStep")).toHaveLength(1);
    expect(closing(stepped)).toMatchObject({ input: { state: "not_ready", error: { message: "no champion" } } });
  });

  it("waits until every Databricks run is terminal before it closes, even after a fault of its own", () => {
    let remaining = 3;
    const settleRun = () => ({ remaining: (remaining -= 1) });

    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ startStep: new Error("lost"), settleRun }));

    expect(calls(stepped).slice(-6)).toEqual([
      "settleRun",
      "settleRun",
      "settleRun",
      "closeRun",
      "publishRun",
      "releaseSlot",
    ]);
    expect(closing(stepped)).toMatchObject({
      input: { state: "failed", error: { code: "INTERNAL", message: "lost" } },
    });
  });

  it("hands a long wait for its slot to a new execution, which goes on with it", () => {
    const waiting = answers({ takeSlot: { granted: false, position: 3, cancelRequested: false } });

    const first = stepOrchestrator(pipelineRun, RUN, waiting);

    expect(calls(first).filter((name) => name === "takeSlot")).toHaveLength(LOOKS_PER_EXECUTION);
    expect(first.continuedWith).toMatchObject({ ...RUN, slotLooks: LOOKS_PER_EXECUTION });
    expect(stepOrchestrator(pipelineRun, first.continuedWith, answers()).output).toBe("succeeded");
  });

  it("hands a long step to a new execution, which looks on without starting or freezing anything again", () => {
    const running: StepResult = { kind: "running", cancelRequested: false };
    const first = stepOrchestrator(
      pipelineRun,
      RUN,
      answers({
        openRun: { ...opened, steps: [{ ...steps[0], timeoutSeconds: 86_400 }, steps[1]] },
        startStep: running,
        pollStep: running,
      }),
    );

    const second = stepOrchestrator(pipelineRun, first.continuedWith, answers({ pollStep: ending(ok) }));

    expect(calls(first).filter((name) => name === "pollStep").length).toBeLessThanOrEqual(LOOKS_PER_EXECUTION);
    expect(calls(second)).toEqual(["pollStep", "startStep", ...END]);
    expect(generations(second)).toEqual(["1.0"]);
  });

  it("keeps the slot and looks on, in ever new executions, while the end of a Databricks run is not proven", () => {
    const unproven = answers({ startStep: ending(failed("timedOut")), settleRun: { remaining: 1 } });

    const first = stepOrchestrator(pipelineRun, RUN, unproven);
    const second = stepOrchestrator(pipelineRun, first.continuedWith, unproven);
    const third = stepOrchestrator(pipelineRun, second.continuedWith, answers());

    for (const stepped of [first, second]) {
      expect(calls(stepped)).not.toContain("closeRun");
      expect(calls(stepped)).not.toContain("releaseSlot");
    }
    expect(new Set(calls(second))).toEqual(new Set(["settleRun"]));
    expect(calls(third)).toEqual(END);
    expect(closing(third)).toMatchObject({ input: { state: "failed", error: { step: "ingestion" } } });
  });

  it("begins no generation after the run's time limit", () => {
    const platform = answers({
      openRun: { ...opened, timeoutSeconds: 60, steps: [{ ...steps[0], retry: { ...retry, maxGenerations: 9 } }] },
      startStep: ending(failed("platform")),
    });

    const stepped = stepOrchestrator(pipelineRun, RUN, platform);

    expect(generations(stepped)).toEqual(["0.0", "0.1"]);
    expect(closing(stepped)).toMatchObject({ input: { state: "failed", error: { code: "RUN_TIMED_OUT" } } });
  });

  it("ends by the run's time limit while its drops are frozen", () => {
    const slow = answers({
      openRun: { ...opened, timeoutSeconds: 60 },
      claimDrops: { more: false, cancelRequested: false, freezeTimeoutSeconds: 600 },
      freezeDrops: { left: "waiting", settled: 1, cancelRequested: false },
    });

    const stepped = stepOrchestrator(pipelineRun, RUN, slow);

    expect(calls(stepped).slice(-END.length)).toEqual(END);
    expect(calls(stepped)).not.toContain("startStep");
    expect(closing(stepped)).toMatchObject({
      input: { state: "failed", error: { code: "RUN_TIMED_OUT", step: null } },
    });
  });
});

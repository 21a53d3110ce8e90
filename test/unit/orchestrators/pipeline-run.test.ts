import type { StepOutcome } from "../../../src/domain/activity-types";
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
const opened = { kind: "open", takesDrops: true, frozen: false, steps };
const ok: StepOutcome = { kind: "succeeded", status: "ok", reason: null };
const failed = (cause: string): StepOutcome => ({ kind: "failed", cause, code: "CODE", message: "why" }) as StepOutcome;

const answers = (over: Record<string, unknown> = {}): Answer => {
  const table: Record<string, unknown> = {
    openRun: opened,
    takeSlot: { granted: true, position: 0, cancelRequested: false },
    claimDrops: { more: false, cancelRequested: false },
    freezeDrops: { left: "none", settled: 0, cancelRequested: false },
    writeManifest: { kind: "written", files: 2 },
    finishBatch: { more: false },
    stepRun: ok,
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

const END = ["settleRun", "closeRun", "publishRun", "releaseSlot"];

describe("pipelineRun", () => {
  it("takes the slot, claims, freezes, runs the steps in order and closes, in this order", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers());

    const batch = ["claimDrops", "freezeDrops", "writeManifest", "finishBatch"];
    expect(calls(stepped)).toEqual(["openRun", "takeSlot", ...batch, "stepRun", "stepRun", ...END]);
    expect(stepped.output).toBe("succeeded");
    const ids = stepped.yielded.flatMap((step) => (step.kind === "sub" ? [step.id] : []));
    expect(ids).toEqual([`${RUN.runId}-a1-s0-g0`, `${RUN.runId}-a1-s1-g0`]);
  });

  it("does nothing for a run that is closed", () => {
    expect(calls(stepOrchestrator(pipelineRun, RUN, answers({ openRun: { kind: "closed" } })))).toEqual(["openRun"]);
  });

  it("starts no step when there is nothing to score", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ writeManifest: { kind: "empty", files: 0 } }));

    expect(calls(stepped)).not.toContain("stepRun");
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

    expect(calls(stepped)).toEqual(["openRun", "takeSlot", "stepRun", ...END]);
    expect(stepped.yielded).toContainEqual(expect.objectContaining({ kind: "sub", id: `${RUN.runId}-a2-s1-g2` }));
  });

  it("repeats a platform fault within the policy, later each time", () => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ stepRun: failed("platform") }));

    const generations = stepped.yielded.flatMap((step) => (step.kind === "sub" ? [step.id.slice(-2)] : []));
    expect(generations).toEqual(["g0", "g1", "g2"]);
    const waits = stepped.yielded.flatMap((step) =>
      step.kind === "any" ? [step.until.getTime() - Date.UTC(2026, 0, 1)] : [],
    );
    expect(waits).toEqual([30_000, 90_000]);
    expect(closing(stepped)).toMatchObject({ input: { state: "failed", error: { code: "CODE", step: "ingestion" } } });
  });

  it.each(["code", "configuration", "deleted", "unknown", "timedOut"])("stops at a failure of cause %s", (cause) => {
    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ stepRun: failed(cause) }));

    expect(calls(stepped).filter((name) => name === "stepRun")).toHaveLength(1);
    expect(stepped.output).toBe("failed");
  });

  it("ends as not ready without the later steps", () => {
    const stepped = stepOrchestrator(
      pipelineRun,
      RUN,
      answers({ stepRun: { kind: "succeeded", status: "not_ready", reason: "no champion" } }),
    );

    expect(calls(stepped).filter((name) => name === "stepRun")).toHaveLength(1);
    expect(closing(stepped)).toMatchObject({ input: { state: "not_ready", error: { message: "no champion" } } });
  });

  it("waits until every Databricks run is terminal before it closes, even after a fault of its own", () => {
    let remaining = 3;
    const settleRun = () => ({ remaining: (remaining -= 1) });

    const stepped = stepOrchestrator(pipelineRun, RUN, answers({ stepRun: new Error("lost"), settleRun }));

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
});

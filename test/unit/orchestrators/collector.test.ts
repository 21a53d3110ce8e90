import type { PendingResult } from "../../../src/domain/activity-types";
import { collector, secondsUntilRequest } from "../../../src/orchestrators/collector";
import { calls, stepOrchestrator } from "../../support/step-orchestrator";

const NOW = new Date("2026-01-01T00:00:00Z");
const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();
const pending = (over: Partial<PendingResult> = {}): PendingResult => ({
  ...{
    count: 1,
    oldestSeenAt: ago(10),
    newestSeenAt: ago(0),
    quietPeriodSeconds: 60,
    maxWaitSeconds: 900,
    covered: false,
    retakeDue: false,
    lookAgainSeconds: null,
  },
  ...over,
});
const none = pending({ count: 0, oldestSeenAt: null, newestSeenAt: null });

describe("secondsUntilRequest", () => {
  it.each([
    ["the quiet period after the newest", pending(), 60],
    ["no longer than the oldest may wait", pending({ oldestSeenAt: ago(890) }), 10],
    ["at once when both are over", pending({ oldestSeenAt: ago(2000) }), 0],
  ])("waits %s", (_title, look, seconds) => {
    expect(secondsUntilRequest(look, NOW)).toBe(seconds);
  });
});

describe("collector", () => {
  it("ends when nothing is pending", () => {
    expect(calls(stepOrchestrator(collector, { pipeline: "p" }, () => none))).toEqual(["inspectPending"]);
  });

  it("makes one request after the quiet and looks again", () => {
    let asked = false;
    const stepped = stepOrchestrator(collector, { pipeline: "p" }, (step) => {
      if (step.kind !== "activity") return undefined;
      if (step.name === "requestBatch") asked = true;
      return asked ? none : pending();
    });

    expect(calls(stepped).filter((name) => name === "requestBatch")).toHaveLength(1);
    expect(calls(stepped).at(-1)).toBe("inspectPending");
  });

  it("asks for a run when a failed batch is due though nothing is pending", () => {
    let asked = false;
    const stepped = stepOrchestrator(collector, { pipeline: "p" }, (step) => {
      if (step.kind !== "activity") return undefined;
      if (step.name === "requestBatch") asked = true;
      return asked ? none : { ...none, retakeDue: true };
    });

    expect(calls(stepped)).toEqual(["inspectPending", "requestBatch", "inspectPending"]);
  });

  it("looks again at unfinished blobs when their time comes, and asks for no run", () => {
    let looks = 0;
    const stepped = stepOrchestrator(
      collector,
      { pipeline: "p" },
      (step) => {
        if (step.kind !== "activity") return undefined;
        looks += 1;
        return looks > 2 ? none : { ...none, lookAgainSeconds: 30 };
      },
      NOW,
    );

    expect(calls(stepped)).toEqual(["inspectPending", "inspectPending", "inspectPending"]);
    const times = stepped.yielded.flatMap((step) => (step.kind === "any" ? [step.until.getTime()] : []));
    expect(times.map((time) => (time - NOW.getTime()) / 1000)).toEqual([30, 60]);
  });

  it("asks for nothing while a run that was asked for will take what is pending", () => {
    const stepped = stepOrchestrator(collector, { pipeline: "p" }, () => pending({ covered: true }));

    expect(calls(stepped)).not.toContain("requestBatch");
    expect(stepped.continuedWith).toEqual({ pipeline: "p" });
  });

  it("looks soon, then less often, whether its batch was taken", () => {
    const stepped = stepOrchestrator(collector, { pipeline: "p" }, () => pending({ covered: true }), NOW);

    const times = stepped.yielded.flatMap((step) => (step.kind === "any" ? [step.until.getTime()] : []));
    const waits = times.map((time, index) => (time - (times[index - 1] ?? NOW.getTime())) / 1000);
    expect(waits.slice(0, 5)).toEqual([2, 4, 8, 15, 15]);
  });
});

import type { OrchestrationContext } from "durable-functions";
import { makeBatch } from "../../../src/orchestrators/batch";
import type { Durable } from "../../../src/orchestrators/durable";
import type { FreezeInput, FreezeResult } from "../../../src/domain/activity-types";
import { calls, stepOrchestrator } from "../../support/step-orchestrator";

const RUN = { runId: "scoring-20260101t000000-00000000", attempt: 1 };
const NOW = new Date("2026-01-01T00:00:00Z");
const DEADLINE = "2026-01-03T00:00:00Z";
const PAST = "2025-12-31T23:59:59Z";
const CLAIMED = { files: 3, bytes: 30, more: false, cancelRequested: false, freezeTimeoutSeconds: 600 };

const batchUntil = (deadline: string) =>
  function* (context: OrchestrationContext): Durable<string> {
    return yield* makeBatch(context, RUN, true, deadline);
  };

/** Steps a batch whose pages of the freeze are answered by `freeze`. */
function step(
  freeze: (input: FreezeInput, page: number) => FreezeResult,
  claim: object = CLAIMED,
  deadline = DEADLINE,
) {
  const inputs: FreezeInput[] = [];
  const stepped = stepOrchestrator(
    batchUntil(deadline),
    RUN,
    (one) => {
      if (one.kind !== "activity") return undefined;
      if (one.name === "claimDrops") return claim;
      if (one.name === "writeManifest") return { kind: "written", files: 1 };
      if (one.name === "finishBatch") return { more: false };
      inputs.push(one.input as FreezeInput);
      return freeze(one.input as FreezeInput, inputs.length);
    },
    NOW,
  );
  return { stepped, inputs };
}

describe("makeBatch", () => {
  it("tells every page of claiming what the pages before took", () => {
    const pages = [
      { ...CLAIMED, files: 500, bytes: 5000, more: true },
      { ...CLAIMED, files: 700, bytes: 7000 },
    ];
    const inputs: object[] = [];
    stepOrchestrator(batchUntil(DEADLINE), RUN, (one) => {
      if (one.kind !== "activity") return undefined;
      if (one.name !== "claimDrops") return { kind: "empty", left: "none", settled: 0, cancelRequested: false };
      inputs.push(one.input as object);
      return pages[inputs.length - 1];
    });

    expect(inputs).toEqual([
      { ...RUN, files: 0, bytes: 0 },
      { ...RUN, files: 500, bytes: 5000 },
    ]);
  });

  it("gives up what makes no progress for the definition's time, and goes on with the rest", () => {
    const { stepped, inputs } = step((input) =>
      input.giveUp
        ? { left: "none", settled: 1, cancelRequested: false }
        : { left: "waiting", settled: 0, cancelRequested: false },
    );

    expect(inputs.at(-1)?.giveUp).toBe(true);
    expect(inputs.filter(({ giveUp }) => giveUp)).toHaveLength(1);
    expect(calls(stepped).slice(-2)).toEqual(["writeManifest", "finishBatch"]);
    const waits = stepped.yielded.flatMap((one) => (one.kind === "any" ? [one.until.getTime()] : []));
    expect(((waits.at(-1) ?? 0) - NOW.getTime()) / 1000).toBe(600);
  });

  it("gives up page after page once it began to, though each page settles its drops", () => {
    const { inputs } = step(({ giveUp }, page) =>
      page > 50
        ? { left: "none", settled: 500, cancelRequested: false }
        : { left: "waiting", settled: giveUp ? 500 : 0, cancelRequested: false },
    );

    const first = inputs.findIndex(({ giveUp }) => giveUp);
    expect(first).toBeGreaterThan(0);
    expect(inputs.slice(first).every(({ giveUp }) => giveUp)).toBe(true);
  });

  it("waits on while drops are settled", () => {
    const { inputs } = step((_input, page) => ({
      left: page < 60 ? "waiting" : "none",
      settled: 1,
      cancelRequested: false,
    }));

    expect(inputs).toHaveLength(60);
    expect(inputs.some(({ giveUp }) => giveUp)).toBe(false);
  });

  it("ends at the run's deadline, which the wait for a slow copy does not overstay, and quarantines nothing", () => {
    const deadline = "2026-01-01T00:05:07Z";
    const { stepped, inputs } = step(
      () => ({ left: "waiting", settled: 1, cancelRequested: false }),
      CLAIMED,
      deadline,
    );

    expect(stepped.output).toBe("runTimedOut");
    expect(calls(stepped)).not.toContain("writeManifest");
    expect(inputs.some(({ giveUp }) => giveUp)).toBe(false);
    const waits = stepped.yielded.flatMap((one) => (one.kind === "any" ? [one.until.getTime()] : []));
    expect(waits.at(-1)).toBe(Date.parse(deadline));
  });

  it("ends at the run's deadline between two pages of claiming", () => {
    const { stepped } = step(
      () => ({ left: "none", settled: 0, cancelRequested: false }),
      { ...CLAIMED, more: true },
      PAST,
    );

    expect(stepped.output).toBe("runTimedOut");
    expect(calls(stepped)).toEqual(["claimDrops"]);
  });

  it("keeps what was all frozen in time's last moment", () => {
    const { stepped } = step(() => ({ left: "none", settled: 1, cancelRequested: false }), CLAIMED, PAST);

    expect(stepped.output).toBe("written");
  });

  it("ends when a person cancels while it freezes", () => {
    const { stepped } = step(() => ({ left: "none", settled: 0, cancelRequested: true }));

    expect(calls(stepped).at(-1)).toBe("freezeDrops");
  });
});

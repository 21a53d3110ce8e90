import fc from "fast-check";
import { checkExit, type ExitExpectation } from "../../../src/domain/exit-json";
import { newRunId, parseRunId, parseRunInstanceId, runInstanceId } from "../../../src/domain/ids";
import { decideRetry, pollDelaySeconds, slotDelaySeconds } from "../../../src/domain/retry";
import { idempotencyToken } from "../../../src/domain/tokens";
import { windowKey, windowSchema } from "../../../src/domain/window";
import type { FailureCause } from "../../../src/domain/verdict";
import { newestFirst } from "../../../src/ledger/run-rows";

const AT = new Date("2015-11-16T06:30:00.000Z");

describe("run ids", () => {
  it("have the form of the contract and lead back to their parts", () => {
    const id = newRunId("scoring", AT, "1a2b3c4d");

    expect(id).toBe("scoring-20151116t063000-1a2b3c4d");
    expect(parseRunId(id)).toEqual({ pipeline: "scoring", stamp: "20151116063000", random: "1a2b3c4d" });
    expect(parseRunInstanceId(runInstanceId(id, 12))).toEqual({ runId: id, attempt: 12 });
    expect(parseRunId("scoring/../x")).toBeNull();
  });

  it("stay short enough for the longest pipeline name and instance", () => {
    const id = newRunId("p".repeat(39), AT, "1a2b3c4d");

    expect(id.length).toBeLessThanOrEqual(64);
    expect(runInstanceId(id, 99).length).toBeLessThanOrEqual(100);
  });

  it("sort newest first by their row key", () => {
    const instant = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        const [x, y] = [newRunId("p", a, "00000000"), newRunId("p", b, "00000000")];
        if (x !== y) expect(newestFirst(x) < newestFirst(y)).toBe(x > y);
      }),
    );
  });
});

describe("idempotencyToken", () => {
  it("has 64 characters and differs whenever a part differs", () => {
    const part = fc.string({ maxLength: 8 });
    const parts = fc.tuple(part, part, part, fc.nat(20));
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(idempotencyToken(...a)).toHaveLength(64);
        expect(idempotencyToken(...a) === idempotencyToken(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe("decideRetry", () => {
  const policy = { maxGenerations: 3, firstDelaySeconds: 30, backoff: 2 };

  it.each<[FailureCause, number, number | "stop"]>([
    ["platform", 1, 30],
    ["platform", 2, 60],
    ["platform", 3, "stop"],
    ["quota", 1, 300],
    ["quota", 5, 480],
    ["quota", 13, "stop"],
    ["skipped", 1, 300],
    ["code", 1, "stop"],
    ["configuration", 1, "stop"],
    ["cancelled", 1, "stop"],
    ["timedOut", 1, "stop"],
    ["deleted", 1, "stop"],
    ["unknown", 1, "stop"],
  ])("answers %s after %d tries with %s", (cause, tries, expected) => {
    expect(decideRetry(cause, tries, policy)).toEqual(
      expected === "stop" ? { kind: "stop" } : { kind: "retry", delaySeconds: expected },
    );
  });

  it("polls rarely enough: a day costs under 1500 looks, a minute is seen within 15 s", () => {
    let looks = 0;
    for (let elapsed = 0; elapsed < 86_400; elapsed += pollDelaySeconds(elapsed)) looks += 1;

    expect(looks).toBeLessThan(1500);
    expect(pollDelaySeconds(60)).toBe(15);
    expect([slotDelaySeconds(0), slotDelaySeconds(100)]).toEqual([5, 300]);
  });
});

describe("windows", () => {
  it("have one key for one span however it is spelt, and must not be empty or local", () => {
    expect(windowKey({ start: "2015-11-01T00:00:00Z", end: "2015-11-02T00:00:00Z" })).toBe(
      windowKey({ start: "2015-11-01T00:00:00.000Z", end: "2015-11-02T00:00:00.000Z" }),
    );
    expect(windowSchema.safeParse({ start: "2015-11-02T00:00:00Z", end: "2015-11-02T00:00:00Z" }).success).toBe(false);
    expect(windowSchema.safeParse({ start: "2015-11-01T00:00:00", end: "2015-11-02T00:00:00Z" }).success).toBe(false);
  });
});

describe("checkExit", () => {
  const expected: ExitExpectation = { step: "ingestion", runId: "r", readsManifest: true, filesInManifest: 5 };
  const counts = {
    filesListed: 5,
    filesRead: 4,
    filesQuarantined: 1,
    rowsRead: 10,
    rowsAccepted: 7,
    rowsQuarantined: 2,
    rowsDuplicate: 1,
  };
  const exit = (over: object = {}): string =>
    JSON.stringify({
      schemaVersion: 1,
      step: "ingestion",
      runId: "r",
      status: "ok",
      reason: null,
      counts,
      tables: {},
      warnings: [],
      ...over,
    });

  it("accepts what agrees", () => {
    expect(checkExit(exit(), false, expected).ok).toBe(true);
    expect(
      checkExit(exit({ step: "features", counts: { asOfPoints: 1 } }), false, {
        ...expected,
        step: "features",
        readsManifest: false,
      }).ok,
    ).toBe(true);
  });

  it.each<[string, string | undefined, boolean, string]>([
    ["nothing", undefined, false, "EXIT_JSON_MISSING"],
    ["no JSON", "done", false, "EXIT_JSON_INVALID"],
    ["an unknown key", exit({ more: 1 }), false, "EXIT_JSON_INVALID"],
    ["a cut value", exit(), true, "EXIT_JSON_TOO_LARGE"],
    ["a value over 32 KB", exit({ warnings: ["x".repeat(33_000)] }), false, "EXIT_JSON_TOO_LARGE"],
    ["another run's exit", exit({ runId: "other" }), false, "EXIT_JSON_FOREIGN"],
    ["another step's exit", exit({ step: "scoring" }), false, "EXIT_JSON_FOREIGN"],
    ["a missing count", exit({ counts: { filesListed: 5 } }), false, "EXIT_COUNTS_MISSING"],
    [
      "fewer files than the manifest",
      exit({ counts: { ...counts, filesListed: 4, filesRead: 3 } }),
      false,
      "EXIT_COUNTS_DISAGREE",
    ],
    ["a file that is unaccounted for", exit({ counts: { ...counts, filesRead: 3 } }), false, "EXIT_COUNTS_DISAGREE"],
    ["a row that is unaccounted for", exit({ counts: { ...counts, rowsAccepted: 6 } }), false, "EXIT_COUNTS_DISAGREE"],
  ])("refuses %s", (_title, result, truncated, code) => {
    expect(checkExit(result, truncated, expected)).toMatchObject({ ok: false, code });
  });
});

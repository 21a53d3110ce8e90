import type { Row } from "../../../src/ledger/ports";
import { compare } from "../../../local/fault-simulator/real/compare";
import { outcomeOf } from "../../../local/fault-simulator/real/outcome";
import { endingOf, smallPlanOf } from "../../../local/fault-simulator/real/small-plan";
import type { LedgerView } from "../../../local/fault-simulator/world/ledger-view";

const row = (partitionKey: string, columns: Record<string, unknown>): Row => ({
  partitionKey,
  rowKey: "",
  etag: "",
  ...columns,
});

/** A ledger of one run with one generation and one drop, with ids and names that differ from telling to telling. */
function ledger(suffix: string, stamp: string, state = "succeeded"): LedgerView {
  const runId = `scoring${suffix}-${stamp}`;
  const run = row(`scoring${suffix}`, { runId, state, attempt: 1, batch: '{"drops":1}', error: "" });
  const verdict = '{"kind":"succeeded","code":"SUCCESS"}';
  const generation = row("generation", { runId, step: "ingestion", generation: 0, terminal: true, verdict });
  const path = `${suffix.slice(1)}/telemetry/2026-02-20.csv`;
  const drop = row("drop", { runId, path, state: "batched" });
  return { runs: new Map([[runId, run]]), generations: new Map([["g", generation]]), drops: new Map([["d", drop]]) };
}

describe("the outcome of a ledger", () => {
  it("is the same for two tellings that differ in ids and names", () => {
    const one = outcomeOf(ledger("", "20260302t000000-00000001"));
    const other = outcomeOf(ledger("-s7", "20261129t101010-00000002"), "-s7");

    expect(one).toHaveLength(3);
    expect(compare(7, one, other)).toEqual({ seed: 7, same: true, differences: [] });
  });

  it("leaves out the runs of other seeds", () => {
    expect(outcomeOf(ledger("-s17", "20260302t000000-00000001"), "-s7")).toEqual([]);
  });

  it("differs when a run ended in another way, and says in which", () => {
    const one = outcomeOf(ledger("", "20260302t000000-00000001"));
    const other = outcomeOf(ledger("", "20260302t000000-00000001", "failed"));

    expect(compare(7, one, other).differences).toEqual([
      "simulator only: run of scoring: succeeded, attempt 1, 1 drops",
      "real processes only: run of scoring: failed, attempt 1, 1 drops",
    ]);
  });

  it("counts a fact that one ledger has twice", () => {
    expect(compare(7, ["a", "a"], ["a"]).differences).toEqual(["simulator only: a"]);
  });
});

describe("a small plan", () => {
  it("is the same for the same seed, and lets only the run of the drops end badly", () => {
    const plan = smallPlanOf(5);

    expect(smallPlanOf(5)).toEqual(plan);
    const bad = Array.from({ length: 60 }, (_none, seed) => smallPlanOf(seed)).find(({ endings }) =>
      [...endings.values()].includes("code"),
    );
    const step = [...(bad?.endings ?? [])].find(([, ending]) => ending === "code")?.[0].split(" ")[0] ?? "";
    expect(bad && endingOf(bad, "scoring-s1-20260302t000000-00000001", step, 1)).toBe("code");
    expect(bad && endingOf(bad, "rescoring-s1-20260302t000000-00000001", step, 1)).toBe("success");
  });
});

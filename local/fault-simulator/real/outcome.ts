import { textOf, type LedgerView } from "../world/ledger-view";

/** What a ledger says in the end, without what differs from one telling to the next: ids, times, tags. One line a fact, in order. */
export function outcomeOf({ runs, generations, drops }: LedgerView, suffix = ""): string[] {
  const lines: string[] = [];
  const names = new Map<string, string>();
  for (const [runId, row] of runs) {
    if (!row.partitionKey.endsWith(suffix)) continue;
    const name = row.partitionKey.slice(0, row.partitionKey.length - suffix.length);
    names.set(runId, name);
    const batch = JSON.parse(textOf(row, "batch") || "{}") as { drops?: number };
    const error = JSON.parse(textOf(row, "error") || "null") as { code?: string; step?: string } | null;
    // Whether a cancel is seen before or after the answer of run-now is a matter of speed.
    const code = textOf(row, "state") === "cancelled" ? "ended" : (error?.code ?? "");
    const failure = error === null ? "" : `, ${code} in step ${error.step ?? "none"}`;
    const counts = `attempt ${textOf(row, "attempt")}, ${batch.drops ?? 0} drops`;
    lines.push(`run of ${name}: ${textOf(row, "state")}, ${counts}${failure}`);
  }
  for (const row of generations.values()) {
    const run = names.get(textOf(row, "runId"));
    if (run === undefined) continue;
    const verdict = JSON.parse(textOf(row, "verdict") || "null") as { kind: string; code: string } | null;
    const said = verdict === null ? "no verdict" : `${verdict.kind} ${verdict.code}`;
    const ended = row["terminal"] === true ? "ended" : "open";
    lines.push(`generation ${textOf(row, "generation")} of ${textOf(row, "step")} of ${run}: ${ended}, ${said}`);
  }
  for (const row of drops.values()) {
    const run = names.get(textOf(row, "runId"));
    const path = textOf(row, "path").replace(/^.*?(?=telemetry)/, "");
    if (run !== undefined) lines.push(`drop ${path}: ${textOf(row, "state")} by a run of ${run}`);
  }
  return lines.sort();
}

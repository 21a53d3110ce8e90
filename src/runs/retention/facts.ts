import { parseRunId } from "../../domain/ids";
import type { RetentionFacts } from "../../domain/retention";
import type { RunRecord } from "../../domain/run";
import type { Ledger } from "../../ledger/ledger";

/** A batch that was taken over more often than any definition allows is followed no further. */
const MAX_TAKERS = 50;

async function takersOf({ runs }: Ledger, run: RunRecord): Promise<RunRecord[]> {
  const takers: RunRecord[] = [];
  for (let next = run.supersededBy; next !== null && takers.length < MAX_TAKERS;) {
    const taker = await runs.get(next);
    if (taker === null) break;
    takers.push(taker);
    next = taker.supersededBy;
  }
  return takers;
}

/** What decides whether anything of a run may go. */
export async function retentionFacts(ledger: Ledger, run: RunRecord): Promise<RetentionFacts> {
  const pipeline = parseRunId(run.runId)?.pipeline ?? run.pipeline;
  const [takers, generations, items] = await Promise.all([
    takersOf(ledger, run),
    ledger.generations.list(run.runId),
    ledger.quarantine.ofRun(pipeline, run.runId),
  ]);
  return { run, takers, generations, openInQuarantine: items.filter(({ decision }) => decision === null).length };
}

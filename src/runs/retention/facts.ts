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
  const takers = await takersOf(ledger, run);
  const runs = [run, ...takers];
  // What a taker's Databricks runs read, and what a person decides of its files, are the frozen copies of this run.
  const [generations, items] = await Promise.all([
    Promise.all(runs.map(async ({ runId }) => ledger.generations.list(runId))),
    Promise.all(runs.map(async ({ runId, pipeline }) => ledger.quarantine.ofRun(pipeline, runId))),
  ]);
  // Nor does what a release still has to deliver.
  const open = items.flat().filter(({ decision }) => decision === null || decision.deliveredAt === null);
  return { run, takers, generations: generations.flat(), openInQuarantine: open.length };
}

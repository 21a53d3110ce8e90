import { runInstanceId } from "../../domain/ids";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import {
  dueStages,
  heldBecause,
  type RetentionFacts,
  type RetentionPolicy,
  type RetentionStage,
} from "../../domain/retention";
import { isClosed, type RunRecord } from "../../domain/run";
import type { Ledger } from "../../ledger/ledger";
import { inParallel } from "../../ledger/parallel";
import { retentionFacts } from "./facts";

const PARALLEL = 8;

async function removeBlobs({ blobs }: Ledger, container: string, prefix: string): Promise<void> {
  for await (const page of blobs.list(container, { prefix }))
    await inParallel(page.blobs, PARALLEL, async ({ path, etag }) => blobs.remove(container, path, etag));
}

/**
 * Takes the runs out of use, the taker of a batch before whom it took it from: once a run has the mark, no retry needs what is removed.
 * @returns false when one of them was retried since it was read
 */
async function retire({ runs }: Ledger, { run, takers }: RetentionFacts, at: string): Promise<boolean> {
  for (const { runId, attempt } of [run, ...takers].reverse()) {
    const isAsRead = (current: RunRecord) => isClosed(current.state) && current.attempt === attempt;
    const marked = await runs.change(runId, (current) =>
      isAsRead(current) && current.retiredAt === undefined ? { retiredAt: at } : null,
    );
    if (!isAsRead(marked)) return false;
  }
  return true;
}

async function carryOut(
  ledger: Ledger,
  run: RunRecord,
  stage: RetentionStage,
  starter: OrchestrationStarter,
): Promise<void> {
  const { runId, attempt } = run;
  const at = ledger.now().toISOString();
  switch (stage) {
    case "history":
      for (let one = 1; one <= attempt; one += 1) await starter.purge(runInstanceId(runId, one));
      await ledger.runs.change(runId, () => ({ historyRemovedAt: at }));
      break;
    case "batch":
      await removeBlobs(ledger, ledger.containers.batches, `${runId}/`);
      await ledger.runs.change(runId, () => ({ batchRemovedAt: at }));
      break;
    case "ledger":
      await removeBlobs(ledger, ledger.containers.results, `${runId}/`);
      await ledger.quarantine.erase(run.pipeline, runId);
      await ledger.eraser.erase(run);
      break;
  }
}

/**
 * Removes of a run what is older than the policy keeps it, stage by stage: what leads to something goes after it. Of a run that is open,
 * unproven, or waits for a person, nothing goes, however old it is. Safe to repeat after a cut.
 * @returns the stages that were carried out
 */
export async function applyRetention(
  ledger: Ledger,
  run: RunRecord,
  policy: RetentionPolicy,
  starter: OrchestrationStarter,
): Promise<readonly RetentionStage[]> {
  const facts = await retentionFacts(ledger, run);
  const due = dueStages(facts, policy, ledger.now());
  if (due.length === 0 || heldBecause(facts) !== null) return [];
  const done: RetentionStage[] = [];
  for (const stage of due) {
    if (stage !== "history" && !(await retire(ledger, facts, ledger.now().toISOString()))) break;
    await carryOut(ledger, run, stage, starter);
    done.push(stage);
  }
  return done;
}

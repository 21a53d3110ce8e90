import { cutoff, messageCutoff, RETENTION_STAGES } from "../domain/retention";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import { applyRetention } from "../runs/retention/apply";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Runs that one pass looks at for a pipeline. */
const RUNS_PER_PASS = 50;
const MESSAGES_PER_PASS = 100;

/** Goes through old runs of a pipeline, from where the pass before stopped. */
async function sweepRuns(pass: SweepPass, { name: pipeline, retention }: PipelineDefinition): Promise<void> {
  const { ledger } = pass.activities;
  const cursorName = `retention|${pipeline}`;
  const cursor = await ledger.cursors.get(cursorName);
  const from = typeof cursor?.["after"] === "string" && cursor["after"] !== "" ? cursor["after"] : undefined;
  const now = ledger.now();
  const newest = new Date(Math.max(...RETENTION_STAGES.map((stage) => cutoff(retention, stage, now).getTime())));
  const { items, nextToken } = await ledger.runs.createdBefore(pipeline, newest, RUNS_PER_PASS, from);
  // First, so that a run that cannot be dealt with does not keep the pass from those behind it.
  if ((nextToken ?? "") !== (from ?? "")) await ledger.cursors.set(cursorName, { after: nextToken ?? "" });
  await forEachItem(
    pass.log,
    items,
    ({ runId }) => ({ runId }),
    async (run) => {
      const stages = await applyRetention(ledger, run, retention, pass.starter);
      if (stages.length > 0) pass.log.info("removed by age", { runId: run.runId, stages: stages.join(", ") });
    },
  );
}

async function sweepMessages({ activities: { ledger } }: SweepPass, definition: PipelineDefinition): Promise<void> {
  const { name: pipeline, retention } = definition;
  const limit = messageCutoff(retention, ledger.now()).toISOString();
  for (const message of await ledger.outbox.undelivered(pipeline, MESSAGES_PER_PASS))
    if (message.createdAt < limit) await ledger.outbox.forget(pipeline, message);
}

/** Removes what is older than the definitions keep it. A pass costs the same however much there is. */
export async function sweepRetention(pass: SweepPass): Promise<void> {
  const describe = ({ name }: PipelineDefinition) => ({ pipeline: name });
  await forEachItem(pass.log, pass.definitions.values(), describe, async (definition) => {
    await sweepRuns(pass, definition);
    await sweepMessages(pass, definition);
  });
}

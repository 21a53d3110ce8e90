import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Tells, once for every attempt, of runs that have not ended within the time that their definition gives them. */
export async function sweepLateRuns({ activities: { ledger }, log }: SweepPass): Promise<void> {
  const pipelines = await ledger.registry.pipelines();
  const sweepPipeline = async (pipeline: string): Promise<void> => {
    for (const run of await ledger.runs.open(pipeline)) {
      const { runId, attempt, state, requestedAt } = run;
      const limitSeconds = (await ledger.runs.find(runId))?.definition.notify.lateAfterSeconds ?? Infinity;
      if (ledger.now().getTime() - Date.parse(requestedAt) < limitSeconds * 1000) continue;
      const body = { kind: "runLate", pipeline, runId, attempt, state, requestedAt, limitSeconds } as const;
      if (await ledger.outbox.addOnce(pipeline, `late-${runId}-a${attempt}`, body))
        log.warn("run is late", { pipeline, runId, attempt, state, limitSeconds });
    }
  };
  await forEachItem(log, pipelines, (pipeline) => ({ pipeline }), sweepPipeline);
}

import type { Message } from "../domain/message";
import { spansOf, type Span } from "../domain/notification/run-trace";
import { listDrops } from "../ledger/drops/drop-lists";
import type { ActivityDeps } from "./deps";

/** Drops that are told in a trace; the run's span has their number. */
const MAX_DROPS = 100;

/** The spans of the attempt whose end a message tells; none for other messages, and when the run is gone. */
export async function runSpans({ ledger }: ActivityDeps, { body }: Message): Promise<readonly Span[]> {
  if (body.kind !== "runEnded") return [];
  const stored = await ledger.runs.find(body.runId);
  if (stored === null) return [];
  const { run, definition } = stored;
  const [generations, drops] = await Promise.all([
    ledger.generations.list(run.runId),
    listDrops(ledger.drops, definition, { pipeline: run.pipeline, runId: run.runId, state: "batched", top: MAX_DROPS }),
  ]);
  return spansOf({ ended: body, run, generations, drops: drops.items });
}

import type { GenerationRecord } from "../domain/generation";
import type { Message } from "../domain/message";
import type { Notification, RunResult } from "../domain/notification/notification";
import { remarkOf, remarksOfEnd, type Remark } from "../domain/notification/topics";
import { isClosed, type RunRecord } from "../domain/run";
import type { StoredRun } from "../ledger/run-store";
import type { ActivityDeps } from "./deps";

/** Runs of the pipeline among which the one before is sought. */
const LOOK_BACK = 10;
const MAX_INPUTS = 100;
/** Batches that were taken over more often than this are not followed to their first run. */
const MAX_RETAKES = 20;

/** The newest generation of each step, in their order. */
function newest(generations: readonly GenerationRecord[]): GenerationRecord[] {
  return [...new Map(generations.map((record) => [record.ordinal, record])).values()];
}

async function runBefore({ ledger }: ActivityDeps, { pipeline, runId, createdAt }: RunRecord) {
  const { items } = await ledger.runs.list(pipeline, undefined, LOOK_BACK);
  const earlier = items.filter((run) => run.runId !== runId && run.createdAt <= createdAt && isClosed(run.state));
  const decided = earlier.find(({ state }) => state === "succeeded" || state === "failed");
  return decided ? { runId: decided.runId, state: decided.state } : null;
}

async function batchId({ ledger }: ActivityDeps, run: RunRecord): Promise<string> {
  let first = run;
  for (let step = 0; step < MAX_RETAKES && first.retakeOf !== null; step += 1) {
    const before = await ledger.runs.get(first.retakeOf);
    if (before === null) return first.retakeOf;
    first = before;
  }
  return first.runId;
}

async function inputsOf({ ledger }: ActivityDeps, { run, definition }: StoredRun): Promise<string[]> {
  if (run.frozenAt === null || definition.drops === undefined) return [];
  const { container } = definition.drops;
  const manifest = await ledger.manifests.find(run.runId);
  return (manifest?.files ?? []).slice(0, MAX_INPUTS).map(({ path }) => `${container}/${path}`);
}

async function resultOf(deps: ActivityDeps, stored: StoredRun, last: readonly GenerationRecord[]): Promise<RunResult> {
  const { catalog, schema } = deps.settings;
  const { run } = stored;
  const exits = last.flatMap(({ exit }) => (exit === null ? [] : [exit]));
  const tables = new Map(
    exits.flatMap((exit) => Object.entries(exit.tables).map(([name, { version }]) => [name, version])),
  );
  return {
    ...{ createdAt: run.createdAt, startedAt: run.startedAt, window: run.window, drops: run.batch.drops },
    batchId: await batchId(deps, run),
    watermark: exits.findLast((exit) => exit.watermark)?.watermark ?? null,
    tables: [...tables].map(([name, version]) => ({ name: `${catalog}.${schema}.${name}`, version })),
    model: exits.findLast((exit) => exit.model)?.model ?? null,
    inputs: await inputsOf(deps, stored),
  };
}

/** A message as it is told, with what the ledger knows of the run that it is about. */
export async function notificationOf(deps: ActivityDeps, { id, body }: Message): Promise<Notification> {
  const stored = await deps.ledger.runs.find(body.runId);
  const generations = stored === null ? [] : await deps.ledger.generations.list(body.runId);
  const own = remarkOf(body);
  if (body.kind !== "runEnded" || stored === null) {
    const remarks: Remark[] =
      own === null ? [{ topic: "ended", text: "the ledger does not have the run any more" }] : [own];
    return { id, ...body, remarks, result: null, databricksRunUrls: [] };
  }
  // As it was when it ended: a person may have reopened the run since.
  const run = { state: body.state, attempt: body.attempt, error: body.error };
  const last = newest(generations.filter(({ attempt }) => attempt <= body.attempt));
  const { quarantineShare } = stored.definition.notify;
  const remarks = remarksOfEnd({ run, generations: last, before: await runBefore(deps, stored.run), quarantineShare });
  const urls = generations.flatMap(({ attempt, url }) => (attempt === body.attempt && url !== null ? [url] : []));
  return { id, ...body, remarks, result: await resultOf(deps, stored, last), databricksRunUrls: urls };
}

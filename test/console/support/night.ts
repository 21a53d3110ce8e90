import { newRunId } from "../../../src/domain/ids";
import type { ExitJson } from "../../../src/domain/exit-json";
import type { RunRecord } from "../../../src/domain/run";
import { sha256 } from "../../../src/domain/tokens";
import type { GenerationChange } from "../../../src/ledger/generation-rows";
import type { Ledger } from "../../../src/ledger/ledger";
import { emptyBatch } from "../../../src/ledger/run-rows";
import type { PipelineDefinition } from "../../../src/domain/pipeline-definition";
import type { ConsoleApp } from "./app";

/** A ledger to fill, whose clock the test sets. */
export type Filled = Pick<ConsoleApp, "ledger" | "definitions" | "clock">;

type StoredVerdictOf = { readonly cause: string; readonly code: string; readonly message: string };

/** One Databricks run of a step, as a test writes it. */
export interface GenerationPlan {
  readonly waits?: number;
  /** Seconds it ran; null while it runs. */
  readonly runs: number | null;
  /** What failed: code and message; none for a success. */
  readonly fault?: StoredVerdictOf & { readonly error?: GenerationChange["error"] };
  readonly exit?: Partial<Pick<ExitJson, "counts" | "watermark" | "model" | "outcomePath" | "tables" | "warnings">>;
  readonly needsPerson?: string;
}

export interface NightPlan {
  readonly pipeline: string;
  readonly at: Date;
  readonly reason?: RunRecord["reason"];
  readonly drops?: readonly string[];
  /** Per step its generations. Steps that are not there were not reached. */
  readonly steps: readonly (readonly GenerationPlan[])[];
  readonly state: RunRecord["state"];
}

let made = 0;
let databricksRun = 8_000_000_100;

const after = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000);

/** Writes a run into the ledger as the app would have, step by step, through the app's own stores. Returns its id. */
export async function writeNight(filled: Filled, plan: NightPlan): Promise<string> {
  const { ledger, definitions, clock } = filled;
  const definition = definitions.get(plan.pipeline);
  if (!definition) throw new Error(`no pipeline ${plan.pipeline}`);
  made += 1;
  const runId = newRunId(plan.pipeline, plan.at, made.toString(16).padStart(8, "0"));
  await createRun(ledger, definition, plan, runId);
  if (plan.state === "queued" || plan.state === "requested") {
    await ledger.runs.change(runId, () => ({ state: plan.state }));
    return runId;
  }
  const started = after(plan.at, 2);
  const frozen = after(plan.at, 9);
  const drops = plan.drops ?? [];
  const counts = { ...emptyBatch(), drops: drops.length, bytes: drops.length * 23_500 };
  const base = { startedAt: started.toISOString(), frozenAt: frozen.toISOString(), batch: counts };
  await ledger.runs.change(runId, () => ({ ...base, state: "running" as const }));
  if (drops.length > 0) {
    await writeDrops(filled, plan.pipeline, drops, after(plan.at, -1900));
    clock.at = frozen;
    await batch(filled, plan.pipeline, runId);
  }
  let at = frozen;
  let error: RunRecord["error"] = null;
  for (const [ordinal, generations] of plan.steps.entries())
    for (const [generation, one] of generations.entries()) {
      const step = definition.steps[ordinal];
      if (!step) throw new Error(`no step ${ordinal}`);
      const intendedAt = at.toISOString();
      const key = { runId, ordinal, generation };
      await ledger.generations.intend({ ...key, step: step.name, attempt: 1, job: step.job, idempotencyToken: sha256(`${runId}${ordinal}${generation}`), intendedAt }); // prettier-ignore
      const { change, end } = changeOf(one, runId, step.name, at);
      await ledger.generations.change(runId, ordinal, generation, () => change);
      at = after(end, 1);
      error = one.fault ? { code: one.fault.code, message: one.fault.message, step: step.name } : null;
    }
  if (plan.state === "running") return runId;
  await ledger.runs.change(runId, () => ({ state: plan.state, endedAt: at.toISOString(), error }));
  return runId;
}

async function createRun(
  ledger: Ledger,
  definition: PipelineDefinition,
  plan: NightPlan,
  runId: string,
): Promise<void> {
  const at = plan.at.toISOString();
  const fixed = { window: null, rerun: false, requestedBy: null, deploymentId: "console", parameters: {}, attempt: 1 };
  const open = { startedAt: null, frozenAt: null, manifestDraft: null, endedAt: null, cancelRequestedAt: null };
  const retake = { retakeOf: null, retakes: 0, supersededBy: null, error: null };
  const named = { runId, pipeline: plan.pipeline, state: "requested", reason: plan.reason ?? "schedule" } as const;
  const times = { requestedAt: at, createdAt: at, alias: `test-${runId}`, batch: emptyBatch() };
  const run = { ...fixed, ...open, ...retake, ...named, ...times };
  const aliasKey = sha256(run.alias);
  await ledger.registry.register(definition.name, definition.concurrencyGroup);
  await ledger.runs.create({ run, definition, aliasKey, fingerprint: "f", workKey: aliasKey }, null);
}

function changeOf(
  plan: GenerationPlan,
  runId: string,
  step: string,
  at: Date,
): { change: GenerationChange; end: Date } {
  const { waits = 20, runs, fault, needsPerson = null } = plan;
  databricksRun += 7;
  const startedAt = after(at, waits);
  const end = after(startedAt, runs ?? 0);
  const known: GenerationChange = {
    submissions: 1,
    databricksRunId: String(databricksRun),
    jobId: "71",
    url: `https://adb-1.azuredatabricks.net/jobs/71/runs/${databricksRun}`,
    startedAt: startedAt.toISOString(),
    lifeCycleState: runs === null ? "RUNNING" : "TERMINATED",
    needsPerson,
  };
  if (runs === null) return { change: known, end };
  const ended = { ...known, endedAt: end.toISOString(), durationSeconds: runs, terminal: true };
  if (fault) {
    const { error = null, ...told } = fault;
    const verdict = { kind: "failed" as const, ...told };
    return { change: { ...ended, resultState: "FAILED", verdict, error }, end };
  }
  const exit: ExitJson = { schemaVersion: 1, step, runId, status: "ok", reason: null, counts: {}, tables: {}, warnings: [], ...plan.exit }; // prettier-ignore
  const verdict = { kind: "succeeded" as const, cause: null, code: "SUCCESS", message: "" };
  return { change: { ...ended, resultState: "SUCCESS", verdict, status: "ok", exit }, end };
}

/** Writes drops that are seen at a time; they are pending until a run claims them. */
export async function writeDrops(filled: Filled, pipeline: string, paths: readonly string[], at: Date): Promise<void> {
  filled.clock.at = at;
  await Promise.all(paths.map(async (path) => filled.ledger.drops.record(seenDrop(pipeline, path, at))));
}

/** A drop as a trigger sees it; every time is another version of the path. */
export function seenDrop(pipeline: string, path: string, at: Date) {
  const etag = `0x${sha256(path + at.toISOString())
    .slice(0, 15)
    .toUpperCase()}`;
  const lastModified = after(at, -60).toISOString();
  return { pipeline, container: "drops", path, source: path.split("/")[0] ?? "", etag, size: 23_500, lastModified };
}

/** Puts the pending drops into the batch of the run. */
async function batch({ ledger: { batches } }: Filled, pipeline: string, runId: string): Promise<void> {
  await batches.claim(pipeline, runId, 1000, { files: 1000, bytes: Infinity });
  for (const entry of await batches.entries(runId, "todo"))
    await batches.finish(runId, entry, "batched", `in the batch of ${runId}`);
}

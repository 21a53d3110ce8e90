import type { DropRecord } from "../../../src/domain/drop";
import { newRunId } from "../../../src/domain/ids";
import type { RunRecord, RunState } from "../../../src/domain/run";
import { sha256 } from "../../../src/domain/tokens";
import { entryRow } from "../../../src/ledger/drops/batch-rows";
import { dropColumns, dropKeys, indexRow, plainEtag, type DropKeys } from "../../../src/ledger/drops/drop-rows";
import { inParallel } from "../../../src/ledger/parallel";
import type { NewRow, RowChange, TablePort } from "../../../src/ledger/ports";
import { emptyBatch, newRunRow, stateRow } from "../../../src/ledger/run-rows";
import { ALL_STEPS, benchDefinitions, ONE_STEP, STORM } from "./definitions";
import type { ServiceStack } from "./service-stack";

type Tables = Pick<ServiceStack, "table">;

const PARALLEL = 16;
const ROWS_A_TRANSACTION = 99;
const DROPS_A_RUN = 100;
/** One path has so many versions. */
export const VERSIONS = 20;
export const MANY_VERSIONS = "history/rewritten.csv";
const START = Date.UTC(2025, 0, 1);
const MINUTE_MS = 60_000;

const runTime = (index: number): Date => new Date(START + index * MINUTE_MS);
const hexOf = (index: number): string => index.toString(16).padStart(8, "0");
/** The run of a batch; of the runs of this pipeline one in two is such a run. */
export const batchRunId = (batch: number): string => newRunId(STORM, runTime(batch * 2), hexOf(batch * 2));

/** Every tenth run failed, every fifth was cancelled, the rest succeeded. */
function stateOf(index: number): RunState {
  if (index % 10 === 0) return "failed";
  return index % 5 === 1 ? "cancelled" : "succeeded";
}

async function write(table: TablePort, rows: readonly NewRow[]): Promise<void> {
  const parts: RowChange[][] = [];
  for (let index = 0; index < rows.length; index += ROWS_A_TRANSACTION)
    parts.push(rows.slice(index, index + ROWS_A_TRANSACTION).map((row) => ({ kind: "insert", row })));
  await inParallel(parts, PARALLEL, async (part) => {
    if (!(await table.transact(part))) throw new Error("a row of the history is there already");
  });
}

function aRun(pipeline: string, index: number): Omit<RunRecord, "etag" | "steps" | "waiting"> {
  const at = runTime(index).toISOString();
  const state = stateOf(index);
  return {
    runId: newRunId(pipeline, runTime(index), hexOf(index)),
    pipeline,
    state,
    reason: "drops",
    window: null,
    alias: `history-${index}`,
    rerun: false,
    requestedBy: null,
    deploymentId: "bench",
    parameters: {},
    attempt: 1,
    requestedAt: at,
    createdAt: at,
    startedAt: at,
    frozenAt: at,
    manifestDraft: null,
    retakeOf: null,
    retakes: 0,
    supersededBy: null,
    endedAt: at,
    cancelRequestedAt: null,
    batch: { ...emptyBatch(), drops: DROPS_A_RUN },
    error: state === "failed" ? { code: "RUN_EXECUTION_ERROR", message: "ValueError: bad", step: "count" } : null,
  };
}

/** Writes ended runs, from number `from` to below `to`, with the rows of their requests: half of them of the pipeline that takes drops. */
export async function writeRuns(stack: Tables, from: number, to: number): Promise<void> {
  const others = [ALL_STEPS, ONE_STEP];
  const rows = new Map<string, NewRow[]>();
  for (let index = from; index < to; index += 1) {
    const pipeline = index % 2 === 0 ? STORM : (others[Math.floor(index / 2) % others.length] ?? ONE_STEP);
    const run = aRun(pipeline, index);
    const definition = JSON.stringify(benchDefinitions().find(({ name }) => name === pipeline));
    const { startedAt, endedAt, frozenAt, error } = run;
    const ended = { startedAt, endedAt, frozenAt, error: error ? JSON.stringify(error) : "" };
    const row = { ...newRunRow(run, definition), ...ended };
    const own = rows.get(pipeline) ?? [];
    own.push(row, stateRow(row), {
      partitionKey: pipeline,
      rowKey: `alias|${sha256(run.alias)}`,
      runId: run.runId,
      fingerprint: "",
    });
    rows.set(pipeline, own);
  }
  for (const own of rows.values()) await write(stack.table("runs"), own);
}

/** The first ones are versions of one path. */
const dropPath = (index: number): string =>
  index < VERSIONS ? MANY_VERSIONS : `history/${String(index).padStart(6, "0")}.csv`;

/** Puts the blob of a drop. */
async function putBlob({ blobs }: ServiceStack, index: number): Promise<{ path: string; etag: string }> {
  const path = dropPath(index);
  const text = `meter,value\n${String(index).padStart(6, "0")},1\n`;
  const { etag } = await blobs.getContainerClient("drops").getBlockBlobClient(path).upload(text, text.length);
  return { path, etag: plainEtag(etag ?? "") };
}

function aDrop(index: number, path: string, etag: string): { keys: DropKeys; drop: DropRecord } {
  const at = new Date(START + index * 1000).toISOString();
  const runId = batchRunId(Math.floor(index / DROPS_A_RUN));
  const drop: DropRecord = {
    pipeline: STORM,
    container: "drops",
    path,
    source: "history",
    etag,
    size: 21,
    lastModified: at,
    state: "batched",
    reason: `in the batch of ${runId}`,
    runId,
    seenAt: at,
  };
  return { keys: dropKeys("drops", path, etag), drop };
}

/** A drop that was claimed and batched: its row changed twice. */
const CHANGES = 2;

/** Writes the rows that lists of batched drops are read from, from number `from` to below `to`; nothing else knows of these drops. */
export async function writeListedDrops(stack: Tables, from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, offset) => from + offset);
  const rows = numbers.map((index) => {
    const { keys, drop } = aDrop(index, dropPath(index), `0x${hexOf(index)}`);
    return indexRow(keys, drop, CHANGES);
  });
  await write(stack.table("drops"), rows);
}

/** Writes batched drops, from number `from` to below `to`: blob, own row, index row, entry of the batch. */
export async function writeDrops(stack: ServiceStack, from: number, to: number): Promise<void> {
  const table = stack.table("drops");
  const numbers = Array.from({ length: to - from }, (_, offset) => from + offset);
  const drops = await inParallel(numbers, PARALLEL, async (index) => {
    const { path, etag } = await putBlob(stack, index);
    const { keys, drop } = aDrop(index, path, etag);
    await table.insert({ ...keys, kind: "drop", ...dropColumns(drop), version: CHANGES, was: "claimed" });
    return { keys, drop };
  });
  await write(
    table,
    drops.map(({ keys, drop }) => indexRow(keys, drop, CHANGES)),
  );
  const batches = Map.groupBy(drops, ({ drop }) => drop.runId ?? "");
  for (const [runId, own] of batches)
    await write(
      table,
      own.map(({ keys, drop }) => entryRow(runId, { keys, drop, version: CHANGES, frozenPath: "x" }, "batched")),
    );
}

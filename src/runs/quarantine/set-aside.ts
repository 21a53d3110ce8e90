import type { ExitJson } from "../../domain/exit-json";
import { parseRunId } from "../../domain/ids";
import { quarantineBlob, quarantineExportSchema, setAsideId, type SetAsideFile } from "../../domain/quarantine";
import type { RunRecord } from "../../domain/run";
import { QuarantineItemError } from "../../ledger/errors";
import type { Ledger } from "../../ledger/ledger";
import type { SetAside } from "../../ledger/quarantine-store";

/** What ingestion of a run set aside, from its export; empty when there is none, or none that can be read. */
export async function readSetAside({ blobs, containers }: Ledger, runId: string): Promise<readonly SetAsideFile[]> {
  const text = await blobs.readText(containers.results, quarantineBlob(runId));
  if (text === null) return [];
  try {
    return quarantineExportSchema.safeParse(JSON.parse(text)).data?.files ?? [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/**
 * Notes in the ledger what a step set aside, so that a list of what is open needs no blob. What the run whose batch it took over had
 * noted of the same files gives way. Safe to repeat.
 */
export async function noteSetAside(ledger: Ledger, run: RunRecord, { counts }: ExitJson): Promise<void> {
  if (!counts["rowsQuarantined"] && !counts["filesQuarantined"]) return;
  const { runId, pipeline } = run;
  const files = await readSetAside(ledger, runId);
  const foundAt = ledger.now().toISOString();
  for (const { path, etag, source, whole, total, entries } of files) {
    const item = { id: setAsideId(runId, path), pipeline, runId, path, etag, source, whole, foundAt };
    await ledger.quarantine.note({ ...item, rows: whole ? 0 : total, rule: entries[0]?.rule ?? "", decision: null });
  }
  if (run.retakeOf === null) return;
  const paths = files.map(({ path }) => path);
  await ledger.quarantine.withdraw(pipeline, run.retakeOf, paths);
}

/** An item with the rows that its run shows of it. */
export interface ShownSetAside {
  readonly item: SetAside;
  readonly file: SetAsideFile;
}

/**
 * One item by its id, with line, rule and raw text of each row.
 * @throws QuarantineItemError when there is none of this id, or its export is gone
 */
export async function showSetAside(ledger: Ledger, id: string): Promise<ShownSetAside> {
  const runId = id.slice(0, Math.max(0, id.lastIndexOf(".")));
  const pipeline = parseRunId(runId)?.pipeline;
  const items = pipeline === undefined ? [] : await ledger.quarantine.ofRun(pipeline, runId);
  const item = items.find((one) => one.id === id);
  if (item === undefined) throw new QuarantineItemError(id, "unknown", "is not in quarantine");
  const file = (await readSetAside(ledger, runId)).find(({ path }) => path === item.path);
  if (file === undefined) throw new QuarantineItemError(id, "gone", `has no export any more: run ${runId} wrote it`);
  return { item, file };
}

import type { ExitJson } from "../../domain/exit-json";
import { parseRunId } from "../../domain/ids";
import {
  quarantineBlob,
  quarantineExportSchema,
  setAsideId,
  type Decision,
  type SetAsideFile,
} from "../../domain/quarantine";
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

/** The runs whose batch this one took over, the last first. */
async function takenFrom({ runs }: Ledger, run: RunRecord): Promise<string[]> {
  const before: string[] = [];
  for (let next = run.retakeOf; next !== null && !before.includes(next);) {
    before.push(next);
    next = (await runs.get(next))?.retakeOf ?? null;
  }
  return before;
}

/** What a person decided of the same rows of the same file before the batch was taken over. */
async function decidedBefore(ledger: Ledger, item: SetAside, before: readonly string[]): Promise<Decision | null> {
  for (const runId of before) {
    const known = await ledger.quarantine.find({ ...item, runId }, "decided");
    if (known === null) continue;
    // Another verdict, such as by mended rules, is for a person to look at anew.
    const isSame = known.etag === item.etag && known.whole === item.whole && known.rows === item.rows;
    if (!isSame || known.rule !== item.rule || known.decision === null) return null;
    // A delivery that is still on its way is that of the run before.
    const { deliveredAt, ...decision } = known.decision;
    return typeof deliveredAt === "string" ? { ...decision, deliveredAt } : decision;
  }
  return null;
}

/**
 * Notes in the ledger what a step set aside, so that a list of what is open needs no blob. What the runs whose batch it took over had
 * noted of the same files gives way; what a person decided of it holds. Safe to repeat.
 */
export async function noteSetAside(ledger: Ledger, run: RunRecord, { counts }: ExitJson): Promise<void> {
  if (!counts["rowsQuarantined"] && !counts["filesQuarantined"]) return;
  const { runId, pipeline } = run;
  const files = await readSetAside(ledger, runId);
  const foundAt = ledger.now().toISOString();
  const before = await takenFrom(ledger, run);
  const paths = files.map(({ path }) => path);
  // First, so that nobody decides of them between the look and the note.
  for (const taken of before) await ledger.quarantine.withdraw(pipeline, taken, paths);
  for (const { path, etag, source, whole, total, entries } of files) {
    const found = { id: setAsideId(runId, path), pipeline, runId, path, etag, source, whole, foundAt };
    const item = { ...found, rows: whole ? 0 : total, rule: entries[0]?.rule ?? "", decision: null };
    await ledger.quarantine.note({ ...item, decision: await decidedBefore(ledger, item, before) });
  }
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

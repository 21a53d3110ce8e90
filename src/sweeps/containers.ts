import { isFolder } from "../domain/drop";
import { indexRow, toIndexEntry } from "../ledger/drops/drop-rows";
import { recordBlob } from "../ledger/drops/record-blob";
import type { BlobPage, BlobPort, ListedBlob, Row } from "../ledger/ports";
import type { SweepPass } from "./deps";
import { forEachItem, SweepError } from "./for-each-item";

/** Blobs that one pass lists of a container. */
const BLOBS_PER_PASS = 5000;
/** Blobs newer than the last whole scan that one pass looks up. */
const NEW_PER_PASS = 500;
/** Older blobs that one pass looks up again: a renamed file keeps its time. */
const OLD_PER_PASS = 20;
/** A scan knows what was written well before it began: clocks differ, and listings lag. */
const MARGIN_MS = 3_600_000;

interface ScanState {
  /** Where the listing goes on; empty for a new scan. */
  readonly from: string;
  /** Blobs of the current page that were dealt with. */
  readonly done: number;
  readonly round: number;
  readonly startedAt: string;
  /** Blobs of this scan that could not be compared: then it proves nothing. */
  readonly failed: number;
  /** Everything older was compared by a whole scan. */
  readonly known: string;
}

function toState(row: Row | null, now: string): ScanState {
  const text = (column: string): string => (typeof row?.[column] === "string" ? row[column] : "");
  const whole = (column: string): number => (typeof row?.[column] === "number" ? row[column] : 0);
  return {
    from: text("from"),
    done: whole("done"),
    round: whole("round"),
    startedAt: text("startedAt") || now,
    failed: whole("failed"),
    known: text("known"),
  };
}

/** Every so many old blobs are looked up, others in every round, so that in time each has its turn. */
function isDue(index: number, old: number, round: number): boolean {
  const step = Math.max(1, Math.ceil(old / OLD_PER_PASS));
  return index % step === round % step;
}

/** What of a page is to be compared with the ledger, in order, with the place in the page behind each. */
function toCompare(
  blobs: readonly ListedBlob[],
  { known, round, done }: ScanState,
): { readonly blob: ListedBlob; readonly behind: number }[] {
  const files = blobs
    .map((blob, index) => ({ blob, behind: index + 1 }))
    .filter(({ blob }) => !isFolder(blob.path, blob));
  const old = files.filter(({ blob }) => blob.lastModified < known);
  const due = new Set(old.filter((_, index) => isDue(index, old.length, round)));
  return files.filter((file) => file.behind > done && (file.blob.lastModified >= known || due.has(file)));
}

async function listPage(blobs: BlobPort, container: string, from: string): Promise<BlobPage> {
  const options = { pageSize: BLOBS_PER_PASS, ...(from === "" ? {} : { from }) };
  for await (const page of blobs.list(container, options)) return page;
  return { blobs: [], next: null };
}

/** Compares a slice of a container with the ledger, from where the pass before stopped: a blob whose event never came is recorded (I1). */
async function scanSlice({ activities: { ledger }, definitions, log }: SweepPass, container: string): Promise<void> {
  const name = `scan|${container}`;
  const now = ledger.now();
  const state = toState(await ledger.cursors.get(name), now.toISOString());
  const page = await listPage(ledger.blobs, container, state.from);
  const compare = toCompare(page.blobs, state);
  let found = 0;
  const fault = await forEachItem(
    log,
    compare.slice(0, NEW_PER_PASS),
    () => ({ container }),
    async ({ blob }) => {
      if ((await ledger.drops.findAndMend(container, blob.path, blob.etag)) !== null) return;
      const recorded = await recordBlob({ ...ledger, definitions }, container, blob.path);
      if (recorded.kind === "drop" && recorded.created) found += 1;
    },
  ).catch((error: unknown) => {
    if (!(error instanceof SweepError)) throw error;
    return error;
  });
  if (found > 0) log.warn("blobs without an event were recorded", { container, drops: found });
  const failed = state.failed + (fault?.failed ?? 0);
  const rest = compare[NEW_PER_PASS];
  if (rest) await ledger.cursors.set(name, { ...state, failed, done: rest.behind - 1 });
  else if (page.next !== null) await ledger.cursors.set(name, { ...state, failed, from: page.next, done: 0 });
  else await ledger.cursors.set(name, { ...nextScan(state, failed) });
  if (fault) throw fault;
}

/** The scan after this one. Only a scan that could compare everything proves that all of before is known. */
function nextScan({ round, startedAt, known }: ScanState, failed: number): ScanState {
  const proven = new Date(Date.parse(startedAt) - MARGIN_MS).toISOString();
  return { from: "", done: 0, round: round + 1, startedAt: "", failed: 0, known: failed > 0 ? known : proven };
}

/** Drops of before version 0.2 that one pass gives their index row. */
const OLD_DROPS_PER_PASS = 500;

/** Gives drops that were recorded before version 0.2 the index rows of today. */
async function indexOldDrops({ activities: { ledger } }: SweepPass): Promise<void> {
  const name = "day rows";
  const cursor = await ledger.cursors.get(name);
  const partition = typeof cursor?.["partition"] === "string" ? cursor["partition"] : "day|";
  const after = typeof cursor?.["row"] === "string" ? cursor["row"] : "";
  const { table } = ledger.drops;
  const ranges = [{ partition, after }, { partition: { after: partition, before: "day|~" } }];
  let last: Row | undefined;
  let left = OLD_DROPS_PER_PASS;
  for (const range of ranges) {
    for await (const row of table.query({ ...range, limit: left })) {
      const { drop: keys } = toIndexEntry(row);
      const stored = await ledger.drops.get(keys);
      if (stored) await table.insert(indexRow(keys, stored.drop, stored.version));
      last = row;
      left -= 1;
    }
  }
  if (last) await ledger.cursors.set(name, { partition: last.partitionKey, row: last.rowKey });
}

/** Compares a part of every drops container with the ledger. A pass costs the same however much there is. */
export async function scanContainers(pass: SweepPass): Promise<void> {
  await indexOldDrops(pass);
  const containers = new Set([...pass.definitions.values()].flatMap(({ drops }) => (drops ? [drops.container] : [])));
  await forEachItem(
    pass.log,
    containers,
    (container) => ({ container }),
    async (container) => scanSlice(pass, container),
  );
}

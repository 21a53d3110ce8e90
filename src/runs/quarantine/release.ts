import { gzipSync } from "node:zlib";
import { COLLECTOR } from "../../domain/function-names";
import { collectorInstanceId } from "../../domain/ids";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import { routeDrop, type PipelineDefinitions } from "../../domain/pipeline-definition";
import { mendedText, mendFaults, releasePath, type Decision, type MendedRow } from "../../domain/quarantine";
import { recordBlob } from "../../ledger/drops/record-blob";
import { InvalidRequestError, QuarantineItemError } from "../../ledger/errors";
import type { Ledger } from "../../ledger/ledger";
import type { BlobName } from "../../ledger/ports";
import type { SetAside } from "../../ledger/quarantine-store";
import { showSetAside, type ShownSetAside } from "./set-aside";

/** What decisions about the quarantine work with. */
export interface QuarantineDeps {
  readonly ledger: Ledger;
  readonly definitions: PipelineDefinitions;
}

/** Who decides, and why. */
export interface DecidedBy {
  readonly by: string | null;
  readonly why: string;
}

/** What is delivered anew: the mended rows, the text of a whole file, or (without both) the frozen bytes of a whole file as they are. */
export interface Release {
  readonly rows?: readonly MendedRow[];
  readonly text?: string;
}

/** The content of the new drop, or that the frozen bytes are taken as they are. */
type Content = { readonly text: string; readonly rows: number } | "asFrozen";

function contentOf({ file, item }: ShownSetAside, { rows, text }: Release): Content {
  if (rows !== undefined && text !== undefined) throw new InvalidRequestError(["give rows or text, not both"]);
  if (text !== undefined) {
    if (text.trim() === "") throw new InvalidRequestError(["text: is empty"]);
    return { text, rows: item.rows };
  }
  if (rows === undefined && file.whole) return "asFrozen";
  const faults = mendFaults(file, rows ?? []);
  if (faults.length > 0) throw new InvalidRequestError(faults);
  return { text: mendedText(file, rows ?? []), rows: rows?.length ?? 0 };
}

/** Copies the bytes that the run froze of this file. */
async function copyFrozen({ ledger }: QuarantineDeps, { id, runId, path }: SetAside, target: BlobName): Promise<void> {
  const run = await ledger.runs.get(runId);
  const manifest = run && (await ledger.manifests.read(runId, run.manifestDraft));
  const frozen = manifest?.files.find((file) => file.path === path)?.frozenPath ?? "";
  const [container = "", ...rest] = frozen.split("/");
  const source = { container, path: rest.join("/") };
  const head = frozen === "" ? null : await ledger.blobs.head(source.container, source.path);
  if (head === null) throw new QuarantineItemError(id, "gone", "cannot be read again: its frozen copy is gone");
  if ((await ledger.blobs.head(target.container, target.path)) !== null) return;
  await ledger.blobs.copy({ ...source, etag: head.etag, size: head.size }, target, { releasedfrom: runId });
}

/**
 * Delivers what was set aside anew, as a drop of its own beside the file, and records who decided that. The drop is put before the decision
 * is recorded, so that a crash between the two loses nothing; a repetition makes the same drop.
 * @throws QuarantineItemError when there is no such item, or something else was decided of it
 * @throws InvalidRequestError when the rows do not fit, or no pipeline would take the new drop as this one takes the file
 */
export async function release(
  deps: QuarantineDeps,
  id: string,
  wanted: Release,
  { by, why }: DecidedBy,
  starter: OrchestrationStarter,
): Promise<SetAside> {
  const { ledger, definitions } = deps;
  const shown = await showSetAside(ledger, id);
  const { item } = shown;
  const content = contentOf(shown, wanted);
  const path = releasePath(item.path, item.runId, content === "asFrozen" ? item.etag : content.text);
  if (item.decision !== null && item.decision.dropPath !== path) throw decidedBefore(item);
  const container = definitions.get(item.pipeline)?.drops?.container;
  const route = container === undefined ? null : routeDrop(definitions, container, path);
  if (container === undefined || route?.pipeline !== item.pipeline || route.source !== item.source)
    throw new InvalidRequestError([
      `pipeline ${item.pipeline} would not take ${path} as source ${item.source}: deliver it yourself`,
    ]);
  if (content === "asFrozen") await copyFrozen(deps, item, { container, path });
  else await ledger.blobs.createBytes(container, path, packed(path, content.text), { releasedfrom: item.runId });
  const decided = await decide(ledger, item, {
    ...{ kind: "released", by, why, dropPath: path },
    ...{ rows: content === "asFrozen" ? 0 : content.rows, at: ledger.now().toISOString() },
  });
  await recordBlob({ ...ledger, definitions }, container, path);
  await starter.start(COLLECTOR, collectorInstanceId(item.pipeline), { pipeline: item.pipeline });
  return decided;
}

/** Records that what was set aside stays out, who decided that, and why. @throws QuarantineItemError as `release` */
export async function discard({ ledger }: QuarantineDeps, id: string, { by, why }: DecidedBy): Promise<SetAside> {
  const { item } = await showSetAside(ledger, id);
  if (item.decision !== null) {
    if (item.decision.kind === "discarded") return item;
    throw decidedBefore(item);
  }
  return decide(ledger, item, { kind: "discarded", by, why, dropPath: null, rows: 0, at: ledger.now().toISOString() });
}

async function decide(ledger: Ledger, item: SetAside, decision: Decision): Promise<SetAside> {
  if (item.decision !== null) return item;
  const decided = await ledger.quarantine.decide(item, decision);
  if (decided === null) throw new QuarantineItemError(item.id, "unknown", "is not in quarantine any more");
  const { kind, dropPath } = decided.decision ?? decision;
  if (kind !== decision.kind || dropPath !== decision.dropPath) throw decidedBefore(decided);
  return decided;
}

function decidedBefore({ id, decision }: SetAside): QuarantineItemError {
  return new QuarantineItemError(id, "decided", `was ${decision?.kind} at ${decision?.at}`);
}

/** Readers go by the name: what is called `.gz` is packed. */
function packed(path: string, text: string): Uint8Array {
  return path.toLowerCase().endsWith(".gz") ? gzipSync(text) : Buffer.from(text);
}

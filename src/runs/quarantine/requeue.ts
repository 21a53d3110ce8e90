import { isFolder, unfinished, unreadable, type DropRecord } from "../../domain/drop";
import { COLLECTOR } from "../../domain/function-names";
import { collectorInstanceId } from "../../domain/ids";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import { routeDrop } from "../../domain/pipeline-definition";
import { dropKeys } from "../../ledger/drops/drop-rows";
import { recordBlob } from "../../ledger/drops/record-blob";
import { QuarantineItemError } from "../../ledger/errors";
import type { QuarantineDeps } from "./deliver";
import type { DecidedBy } from "./release";

/** Names one version of a blob. */
export interface DropVersion {
  readonly container: string;
  readonly path: string;
  readonly etag: string;
}

/** Id of a drop for people: path and version. */
const named = ({ path, etag }: DropVersion): string => `drop ${path} (${etag})`;

async function quarantined({ ledger }: QuarantineDeps, version: DropVersion): Promise<DropRecord> {
  const drop = await ledger.drops.find(version.container, version.path, version.etag);
  if (drop === null) throw new QuarantineItemError(named(version), "unknown", "is not in the ledger");
  return drop;
}

/** What was discarded comes back by a person's word alone, which says why. */
function refuseDecided(drop: DropRecord, why: string): void {
  if (drop.decision === undefined || why !== "") return;
  const { kind, at } = drop.decision;
  throw new QuarantineItemError(
    named(drop),
    "decided",
    `was ${kind} at ${at}: give a reason to requeue it all the same`,
  );
}

/**
 * Puts a quarantined drop back to the pending ones, of the pipeline whose pattern takes it now: after a pattern or a definition was mended,
 * or the blob made readable. One whose blob was overwritten or deleted ends as superseded or vanished. A pending one is left as it is.
 * Who asked and why is noted first.
 * @throws QuarantineItemError when the drop is unknown, was read, is still unfit, or was discarded and no reason is given
 */
export async function requeueDrop(
  deps: QuarantineDeps,
  version: DropVersion,
  { by, why }: DecidedBy,
  starter: OrchestrationStarter,
): Promise<DropRecord> {
  const { ledger, definitions } = deps;
  const { container, path } = version;
  const drop = await quarantined(deps, version);
  if (drop.state === "pending") return drop;
  if (drop.state !== "quarantined")
    throw new QuarantineItemError(named(version), "unfit", `is ${drop.state}, ${drop.reason}`);
  refuseDecided(drop, why);
  const keys = dropKeys(container, path, version.etag);
  const head = await ledger.blobs.head(container, path);
  const noted = { action: "requeue", subject: drop.pipeline, by, reason: why, about: path };
  const gone = head === null ? "vanished" : head.etag === drop.etag ? null : "superseded";
  if (gone !== null) {
    const reason = `the blob was ${gone === "vanished" ? "deleted" : "overwritten"} before it was requeued`;
    await ledger.actions.note(noted);
    const moved = await ledger.drops.move(keys, ({ drop: found }) =>
      found.state === "quarantined" && isAsJudged(found, why) ? { state: gone, reason, runId: null } : null,
    );
    if (gone === "superseded") await recordBlob({ ...ledger, definitions }, container, path);
    return moved?.drop ?? drop;
  }
  const route = routeDrop(definitions, container, path);
  const waits = head === null ? null : unfinished(head);
  const unfit =
    head === null || isFolder(path, head)
      ? "it is no file"
      : (unreadable(head) ?? (waits === "copying" ? "its copy goes on" : null));
  if (route === null) throw new QuarantineItemError(named(version), "unfit", "fits no pipeline's pathPattern");
  if (unfit !== null) throw new QuarantineItemError(named(version), "unfit", `cannot be read: ${unfit}`);
  await ledger.actions.note(noted);
  const requeued = await ledger.drops.requeue(keys, route, why !== "");
  // It may have been discarded since the first look.
  if (requeued !== null) refuseDecided(requeued, why);
  await starter.start(COLLECTOR, collectorInstanceId(route.pipeline), { pipeline: route.pipeline });
  return requeued ?? drop;
}

/** True while a drop may be moved on this word. */
const isAsJudged = ({ decision }: DropRecord, why: string): boolean => decision === undefined || why !== "";

/** Records that a quarantined drop stays out, who decided that, and why. @throws QuarantineItemError when it is not in quarantine */
export async function discardDrop(
  deps: QuarantineDeps,
  version: DropVersion,
  { by, why }: DecidedBy,
): Promise<DropRecord> {
  const { ledger } = deps;
  const drop = await quarantined(deps, version);
  if (drop.state !== "quarantined")
    throw new QuarantineItemError(named(version), "unfit", `is ${drop.state}, not quarantined`);
  if (drop.decision !== undefined) return drop;
  // A decision that is taken back leaves the drop; who made it stays in the log.
  await ledger.actions.note({ action: "discard", subject: drop.pipeline, by, reason: why, about: drop.path });
  const decision = { kind: "discarded", by, why, at: ledger.now().toISOString(), dropPath: null, rows: 0 } as const;
  const keys = dropKeys(version.container, version.path, version.etag);
  const moved = await ledger.drops.move(keys, ({ drop: found }) =>
    found.state === "quarantined" && found.decision === undefined
      ? { state: found.state, reason: found.reason, runId: found.runId, decision }
      : null,
  );
  return moved?.drop ?? drop;
}

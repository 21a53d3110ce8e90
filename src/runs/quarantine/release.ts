import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import { routeDrop } from "../../domain/pipeline-definition";
import {
  mendedText,
  mendFaults,
  releasePath,
  stagedBlob,
  type Decision,
  type MendedRow,
} from "../../domain/quarantine";
import { InvalidRequestError, QuarantineItemError } from "../../ledger/errors";
import type { Ledger } from "../../ledger/ledger";
import type { QuarantineStore, SetAside } from "../../ledger/quarantine-store";
import { deliver, frozenCopy, stage, type QuarantineDeps } from "./deliver";
import { showSetAside, type ShownSetAside } from "./set-aside";

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

/**
 * Delivers what was set aside anew, as a drop of its own beside the file, and records who decided that. The decision is won first, so that
 * of two people one alone makes a drop; what is to be delivered is kept before that, so that a crash loses nothing: a repetition, or the
 * sweeper, carries the delivery out.
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
  const frozen = content === "asFrozen";
  const path = releasePath(item.path, item.runId, frozen ? item.etag : content.text);
  if (item.decision !== null && item.decision.dropPath !== path) throw decidedBefore(item);
  const container = definitions.get(item.pipeline)?.drops?.container;
  const route = container === undefined ? null : routeDrop(definitions, container, path);
  if (container === undefined || route?.pipeline !== item.pipeline || route.source !== item.source)
    throw new InvalidRequestError([
      `pipeline ${item.pipeline} would not take ${path} as source ${item.source}: deliver it yourself`,
    ]);
  if (item.decision === null) {
    if (frozen) await frozenCopy(ledger, item);
    else await stage(ledger, item, path, content.text);
  }
  const decision: Decision = {
    ...{ kind: "released", by, why, dropPath: path, deliveredAt: null },
    ...{ rows: frozen ? 0 : content.rows, at: ledger.now().toISOString() },
  };
  const decided = await decide(ledger, item, decision, { container, frozen });
  const delivery = await ledger.quarantine.delivery(decided);
  // What was staged may be gone: whoever gives the same rows again mends that.
  if (delivery !== null && item.decision !== null && !frozen) await stage(ledger, item, path, content.text);
  return delivery === null ? decided : ((await deliver(deps, delivery, starter)) ?? decided);
}

/**
 * Records that what was set aside stays out, who decided that, and why. A release that could not be delivered is taken back by it.
 * @throws QuarantineItemError as `release`
 */
export async function discard({ ledger }: QuarantineDeps, id: string, { by, why }: DecidedBy): Promise<SetAside> {
  const { item } = await showSetAside(ledger, id);
  if (item.decision !== null) {
    if (item.decision.kind === "discarded") return item;
    if (await isDeliverable(ledger, item)) throw decidedBefore(item);
  }
  const at = ledger.now().toISOString();
  const decision: Decision = { kind: "discarded", by, why, dropPath: null, rows: 0, at };
  if (item.decision === null) return decide(ledger, item, decision, null);
  if (!(await ledger.quarantine.takeBack(item, decision))) throw decidedBefore(item);
  const { blobs, containers } = ledger;
  await blobs.remove(containers.results, stagedBlob(item.runId, item.decision.dropPath ?? ""));
  return { ...item, decision };
}

/** False for a release that the sweeper tried in vain, and whose drop is not there. */
async function isDeliverable(ledger: Ledger, item: SetAside): Promise<boolean> {
  const delivery = await ledger.quarantine.delivery(item);
  if (delivery === null || delivery.tries === 0) return true;
  return (await ledger.blobs.head(delivery.container, item.decision?.dropPath ?? "")) !== null;
}

async function decide(
  ledger: Ledger,
  item: SetAside,
  decision: Decision,
  delivery: Parameters<QuarantineStore["decide"]>[2],
): Promise<SetAside> {
  if (item.decision !== null) return item;
  const decided = await ledger.quarantine.decide(item, decision, delivery);
  if (decided === null) throw new QuarantineItemError(item.id, "unknown", "is not in quarantine any more");
  const { kind, dropPath } = decided.decision ?? decision;
  if (kind !== decision.kind || dropPath !== decision.dropPath) throw decidedBefore(decided);
  return decided;
}

function decidedBefore({ id, decision }: SetAside): QuarantineItemError {
  return new QuarantineItemError(id, "decided", `was ${decision?.kind} at ${decision?.at}`);
}

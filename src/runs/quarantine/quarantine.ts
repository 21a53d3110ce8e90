import type { DropRecord } from "../../domain/drop";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import type { Page } from "../../domain/page";
import { QuarantineItemError, UnknownPipelineError } from "../../ledger/errors";
import { dropKeysOf, itemOfDrop, itemOfSetAside, type QuarantineItem, type ShownItem } from "./item";
import { listQuarantine, type QuarantineFilter } from "./list";
import type { QuarantineDeps } from "./deliver";
import { discard, release, type DecidedBy, type Release } from "./release";
import { discardDrop, requeueDrop } from "./requeue";
import { showSetAside } from "./set-aside";

/** What people do with what is in quarantine, be it a drop, a file or rows. Errors: `QuarantineItemError`, `InvalidRequestError`, `UnknownPipelineError`. */
export interface Quarantine {
  list(filter: QuarantineFilter): Promise<Page<QuarantineItem>>;
  show(id: string): Promise<ShownItem>;
  /** A drop is requeued, unless it was discarded; of a file or its rows a new drop is made. Repeating it changes nothing. */
  release(id: string, wanted: Release, by: DecidedBy, starter: OrchestrationStarter): Promise<QuarantineItem>;
  /** It stays out. Repeating it changes nothing. */
  discard(id: string, by: DecidedBy): Promise<QuarantineItem>;
  /** Puts the newest quarantined version of a path back to the pending ones; a discarded one only with a reason. */
  requeue(pipeline: string, path: string, by: DecidedBy, starter: OrchestrationStarter): Promise<DropRecord>;
}

async function dropOf({ ledger }: QuarantineDeps, id: string): Promise<DropRecord | null> {
  const keys = dropKeysOf(id);
  if (keys === null) return null;
  const stored = await ledger.drops.get(keys);
  if (stored === null) throw new QuarantineItemError(id, "unknown", "is not in quarantine");
  return stored.drop;
}

/** The quarantine of this deployment. */
export function createQuarantine(deps: QuarantineDeps): Quarantine {
  return {
    list: async (filter) => listQuarantine(deps, filter),
    async show(id) {
      const drop = await dropOf(deps, id);
      if (drop !== null) return { item: itemOfDrop(drop), header: null, entries: [] };
      const { item, file } = await showSetAside(deps.ledger, id);
      return { item: itemOfSetAside(item), header: file.header, entries: file.entries };
    },
    async release(id, wanted, by, starter) {
      const drop = await dropOf(deps, id);
      if (drop === null) return itemOfSetAside(await release(deps, id, wanted, by, starter));
      if (drop.decision !== undefined) {
        const { kind, at } = drop.decision;
        throw new QuarantineItemError(id, "decided", `was ${kind} at ${at}: to take that back, requeue the drop`);
      }
      return itemOfDrop(await requeueDrop(deps, drop, by, starter));
    },
    async discard(id, by) {
      const drop = await dropOf(deps, id);
      return drop === null
        ? itemOfSetAside(await discard(deps, id, by))
        : itemOfDrop(await discardDrop(deps, drop, by));
    },
    async requeue(pipeline, path, by, starter) {
      const container = deps.definitions.get(pipeline)?.drops?.container;
      if (container === undefined) throw new UnknownPipelineError(pipeline, [...deps.definitions.keys()]);
      const versions = await deps.ledger.drops.versions(container, path);
      const version =
        versions.findLast(({ state, decision }) => state === "quarantined" && !decision) ?? versions.at(-1);
      if (version === undefined) throw new QuarantineItemError(path, "unknown", "is not in the ledger");
      return requeueDrop(deps, version, by, starter);
    },
  };
}

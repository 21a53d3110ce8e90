import { sha256 } from "./tokens";
import { windowKey, type Window } from "./window";
import { isClosed, type RunReason, type RunRecord } from "./run";

/** A row that names the run of an alias, with the fingerprint of the request that took it. */
export interface TakenAlias {
  readonly runId: string;
  readonly fingerprint: string;
}

/** What the decision about a request rests on. */
export interface RequestFacts {
  /** Digest of window, parameters and rerun. */
  readonly fingerprint: string;
  readonly reason: RunReason;
  readonly rerun: boolean;
  /** Who has the alias; null when it is free. */
  readonly alias: TakenAlias | null;
  /** The newest run that was made for the same work; null without one. */
  readonly work: RunRecord | null;
}

/** What a request leads to. */
export type RequestDecision =
  /** The alias was used for this very request: its run is the answer, whatever became of it. */
  | { readonly kind: "answer"; readonly runId: string }
  /** The alias was used for another request. */
  | { readonly kind: "refuse"; readonly runId: string }
  /** An open run does the same work: the alias becomes one more name of it. */
  | { readonly kind: "join"; readonly run: RunRecord }
  | { readonly kind: "create" };

/**
 * Decides what a request leads to. A finished run never stands for new work: data and champion may have changed since, and
 * scoring what has not changed writes nothing (I8).
 */
export function decideRequest({ fingerprint, reason, rerun, alias, work }: RequestFacts): RequestDecision {
  if (alias !== null) return { kind: alias.fingerprint === fingerprint ? "answer" : "refuse", runId: alias.runId };
  if (work !== null && !rerun && isOpenFor(work, reason)) return { kind: "join", run: work };
  return { kind: "create" };
}

/** An open run takes what is asked for, unless it is being cancelled, or drops ask that came after its freeze. */
function isOpenFor(run: RunRecord, reason: RunReason): boolean {
  if (isClosed(run.state) || run.cancelRequestedAt !== null) return false;
  return reason !== "drops" || run.frozenAt === null;
}

/** Text of the work that a request means: the same window and parameters are the same work. */
export function workText(window: Window | null, parameters: Readonly<Record<string, string>>): string {
  return `${windowKey(window)}|${JSON.stringify(Object.fromEntries(Object.entries(parameters).sort()))}`;
}

/** Key of that work in the ledger. */
export const workKeyOf = (window: Window | null, parameters: Readonly<Record<string, string>>): string =>
  sha256(workText(window, parameters));

import type { RunState } from "./run";

/** Since when a pipeline's definition names a concurrency group; ISO 8601. */
export interface Membership {
  readonly pipeline: string;
  readonly group: string;
  readonly since: string;
}

/** What the slot needs to know of an open run. `group` is that of the definition that it began with. */
export interface GroupedRun {
  readonly runId: string;
  readonly pipeline: string;
  readonly group: string;
  readonly state: RunState;
  readonly createdAt: string;
  /** When its attempt was asked for. */
  readonly requestedAt: string;
}

/**
 * True when a pipeline came from the group of `other` into that of `run` after `other` was made: that pipeline writes the tables of
 * both, so these two write the same tables. It is mostly the pipeline of `run`, but may be any: that one can have a new name.
 */
function wasTogether(run: GroupedRun, other: GroupedRun, memberships: readonly Membership[]): boolean {
  const left = memberships.filter(({ group }) => group === other.group).map(({ pipeline }) => pipeline);
  const came = memberships.filter(({ pipeline, group }) => group === run.group && left.includes(pipeline));
  if (came.some(({ since }) => other.createdAt < since)) return true;
  const isKnown = memberships.some(({ pipeline, group }) => pipeline === run.pipeline && group === run.group);
  return !isKnown && left.includes(run.pipeline) && other.createdAt < run.createdAt;
}

/** True when the slots of two groups do not keep these runs apart although they must not run at the same time. */
function mayOverlap(a: GroupedRun, b: GroupedRun, memberships: readonly Membership[]): boolean {
  if (a.group === b.group) return false;
  return a.pipeline === b.pipeline || wasTogether(a, b, memberships) || wasTogether(b, a, memberships);
}

const isEarlier = (a: GroupedRun, b: GroupedRun): boolean =>
  a.requestedAt === b.requestedAt ? a.runId < b.runId : a.requestedAt < b.requestedAt;

/**
 * The open run that has to end before `run` may take its group's slot, since a definition was regrouped between the two (I4). They
 * go in the order in which they were asked for, so that no two wait for each other; one that runs already is waited for in any case.
 */
export function blockedBy(
  run: GroupedRun,
  open: readonly GroupedRun[],
  memberships: readonly Membership[],
): GroupedRun | null {
  const others = open.filter((other) => other.runId !== run.runId && mayOverlap(run, other, memberships));
  return others.find((other) => other.state === "running" || isEarlier(other, run)) ?? null;
}

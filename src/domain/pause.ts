/** Who keeps a pipeline from starting by itself, since when and why. */
export interface PipelinePause {
  /** ISO 8601. */
  readonly at: string;
  readonly by: string | null;
  readonly reason: string;
}

/** The last pause of a pipeline, over or not. */
export interface LastPause extends PipelinePause {
  /** When it ended; null while it lasts. */
  readonly endedAt: string | null;
}

/** The pause that holds now; null when none does. */
export function holdingPause(last: LastPause | null): PipelinePause | null {
  if (last?.endedAt !== null) return null;
  const { at, by, reason } = last;
  return { at, by, reason };
}

/** True for an occurrence of the schedule that nobody missed: the pause kept it. */
export function isHeldBy(last: LastPause | null, occurrence: Date): boolean {
  if (last === null) return false;
  const at = occurrence.toISOString();
  return at > last.at && (last.endedAt === null || at <= last.endedAt);
}

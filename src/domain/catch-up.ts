/** Missed occurrences of a schedule in `(after, until]` that wait for a person's approval; ISO 8601. */
export interface HeldCatchUp {
  readonly after: string;
  readonly until: string;
}

/**
 * Decides what becomes of missed occurrences: up to the limit of the definition they are caught up without asking, more wait for a person.
 * Those that wait already wait on together with them.
 * @param limit null: nothing ever waits
 * @returns what is held then; null when nothing is
 */
export function holdCatchUp(
  missed: number,
  limit: number | null,
  span: HeldCatchUp,
  held: HeldCatchUp | null,
): HeldCatchUp | null {
  if (limit === null || missed <= limit) return null;
  return { after: held?.after ?? span.after, until: span.until };
}

/** Page of a list; pass `nextToken` back to go on. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | null;
}

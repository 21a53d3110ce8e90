/** One change of the compiled app. The first of the texts that occurs in a file of the app is replaced. */
export interface Edit {
  readonly find: readonly string[];
  readonly replace: string;
}

/** A bug that is planted on purpose. */
export interface Mutation {
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: string;
  readonly what: string;
  readonly edits: readonly Edit[];
}

/** Replaces the first of the texts that the app has. */
export const edit = (find: string | readonly string[], replace: string): Edit => ({
  find: typeof find === "string" ? [find] : find,
  replace,
});
/** A bug of so many edits. */
export const bug = (rule: string, name: string, what: string, ...edits: Edit[]): Mutation => ({
  name,
  rule,
  what,
  edits,
});

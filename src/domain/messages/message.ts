/** What a person can meet, and what to do about it. The tables in this folder are the one home of such words; docs/messages.md is made of them. */
export interface MessageEntry {
  /** What it means, in a sentence. */
  readonly meaning: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
}

/** Shorthand, so that a table has one line an entry. */
export const entry = (meaning: string, remedy: string): MessageEntry => ({ meaning, remedy });

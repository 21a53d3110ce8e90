import { sha256 } from "../domain/tokens";
import type { Row, TablePort } from "./ports";
import { listPrefix } from "./ranges";

/** What a person did by a verb: who, when and why. Stays in the ledger, never in messages, run records or logs (I10). */
export interface PersonAction {
  /** ISO 8601. */
  readonly at: string;
  /** The verb, such as `pause`. */
  readonly action: string;
  /** Run id, pipeline or concurrency group. */
  readonly subject: string;
  readonly by: string | null;
  /** Empty where the verb does not insist on one and none was given. */
  readonly reason: string;
  /** What of the subject, such as the path of a drop; null for the whole. */
  readonly about: string | null;
}

/** Beyond any time of this app in milliseconds: newer actions sort first. */
const END_OF_TIME = 9_999_999_999_999;

function toAction(row: Row): PersonAction {
  const text = (column: string): string => (typeof row[column] === "string" ? row[column] : "");
  return {
    at: text("at"),
    action: text("action"),
    subject: text("subject"),
    by: text("by") || null,
    reason: text("reason"),
    about: text("about") || null,
  };
}

/** What people did, by subject. Written before the deed: a deed without its note cannot occur. */
export class ActionStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** @returns the action with its time */
  async note(action: Omit<PersonAction, "at" | "about"> & { readonly about?: string }): Promise<PersonAction> {
    const now = this.now();
    const noted = { ...action, about: action.about ?? null, at: now.toISOString() };
    const { by, about } = noted;
    // Of many drops of a pipeline, each has a note of its own.
    const tag = about === null ? "" : `|${sha256(about).slice(0, 16)}`;
    const rowKey = `${String(END_OF_TIME - now.getTime())}|${action.action}${tag}`;
    const columns = { ...noted, by: by ?? "", about: about ?? "" };
    await this.table.put({ partitionKey: `action|${action.subject}`, rowKey, ...columns });
    return noted;
  }

  /** The newest actions on a subject. */
  async list(subject: string, limit: number): Promise<PersonAction[]> {
    return (await listPrefix(this.table, `action|${subject}`, "", { limit })).map(toAction);
  }
}

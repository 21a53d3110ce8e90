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
  readonly reason: string;
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
  };
}

/** What people did, by subject. Written before the deed: a deed without its note cannot occur. */
export class ActionStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** @returns the action with its time */
  async note(action: Omit<PersonAction, "at">): Promise<PersonAction> {
    const now = this.now();
    const noted = { ...action, at: now.toISOString() };
    const rowKey = `${String(END_OF_TIME - now.getTime())}|${action.action}`;
    await this.table.put({ partitionKey: `action|${action.subject}`, rowKey, ...noted, by: action.by ?? "" });
    return noted;
  }

  /** The newest actions on a subject. */
  async list(subject: string, limit: number): Promise<PersonAction[]> {
    return (await listPrefix(this.table, `action|${subject}`, "", { limit })).map(toAction);
  }
}

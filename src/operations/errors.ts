import { LedgerError } from "../ledger/errors";

/** Why a verb is refused; stable. */
export type RefusalCode = "still-active" | "activity-unknown" | "plan-moved" | "slot-moved" | "unknown-backfill";

/** What was asked for does not fit what is there now; nothing was changed. */
export class RefusedError extends LedgerError {
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

import { z } from "zod";
import { invocationLogger } from "../../logging/logger";
import type { Operator } from "../../operations/deps";
import { component } from "./components";
import type { Call } from "./operation";

/** Has a character that can be seen: what is trimmed is not all of it. */
export const VISIBLE =
  /[!-~\u00a1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ufefe\uff00-\uffef]/;

/** Why a person does it: kept in the ledger with who and when. */
export const reason = z
  .string()
  .trim()
  .regex(VISIBLE, "expected some words")
  .max(500)
  .meta({ description: "why, in your own words; kept with your name and the time" });

export const force = z
  .boolean()
  .default(false)
  .meta({ description: "true goes on although Databricks lists a run of ours as active, or cannot be asked" });

export const reasonBody = component("Reason", z.strictObject({ reason }));

/** Of verbs that were there before people were asked why. */
export const optionalReason = reason.optional();
export const optionalReasonBody = component("OptionalReason", z.strictObject({ reason: optionalReason }));

/** Who asks through this call, and why. */
export function operatorOf({ caller, starter }: Pick<Call, "caller" | "starter">, why = ""): Operator {
  return { by: caller.name, reason: why, starter, log: invocationLogger };
}

import { DatabricksApiError } from "../errors";
import type { Ledger } from "../ledger/ledger";
import { boundedText } from "../logging/redact";

/** The value of a call, or that it has to be made again later. */
export type CallResult<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "wait"; readonly seconds: number; readonly fault: string };

const DEFAULT_WAIT_SECONDS = 30;
const MAX_MESSAGE = 1000;

/** True for faults that pass: no answer, too many requests, a fault of the server, or something else that answers in its place. */
export function isTransient(error: unknown): error is DatabricksApiError {
  if (!(error instanceof DatabricksApiError)) return false;
  const { status } = error;
  return status === 0 || status === 408 || status === 429 || status >= 500 || (status >= 200 && status < 300);
}

/** Text of a fault, fit for records. */
export function faultText(error: unknown): string {
  return boundedText(error instanceof Error ? error.message : String(error), MAX_MESSAGE);
}

/**
 * Calls Databricks unless all processes are held back by an earlier 429. Transient faults become a wait; a 429 holds everybody
 * back for as long as the server asked. Other faults are thrown.
 */
export async function callDatabricks<T>(ledger: Ledger, call: () => Promise<T>): Promise<CallResult<T>> {
  const until = await ledger.states.notBefore();
  const held = until === null ? 0 : Math.ceil((until.getTime() - ledger.now().getTime()) / 1000);
  if (held > 0) return { kind: "wait", seconds: held, fault: "Databricks asked all callers to wait (429)" };
  try {
    return { kind: "value", value: await call() };
  } catch (error) {
    if (!isTransient(error)) throw error;
    const seconds = Math.max(1, error.retryAfterSeconds ?? DEFAULT_WAIT_SECONDS);
    if (error.status === 429) await ledger.states.holdBack(new Date(ledger.now().getTime() + seconds * 1000));
    return { kind: "wait", seconds, fault: faultText(error) };
  }
}

/**
 * Calls Databricks about a run that may be active: a refusal, such as of a token, is a wait as well, since it ends no run. Faults
 * of the storage are thrown.
 */
export async function callPatiently<T>(ledger: Ledger, call: () => Promise<T>): Promise<CallResult<T>> {
  try {
    return await callDatabricks(ledger, call);
  } catch (error) {
    if (!(error instanceof DatabricksApiError)) throw error;
    return { kind: "wait", seconds: DEFAULT_WAIT_SECONDS, fault: faultText(error) };
  }
}

import type { Clock } from "./clock";
import { NetworkError, type HttpAnswer } from "./exchange";

/** How long and how often a call is repeated. */
export interface RetryPolicy {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** All attempts and pauses together. */
  readonly budgetMs: number;
  /** Told before each pause. */
  readonly onRetry?: (event: { attempt: number; delayMs: number; reason: string }) => void;
}

const RETRIED_STATUSES = new Set([429, 502, 503, 504]);
const MAX_RETRY_AFTER_SECONDS = 3600;

/** `Retry-After` in seconds, from an integer or an HTTP date, at most an hour; undefined when absent or not readable. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - nowMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(0, seconds));
}

/**
 * Sends until an answer is final or the next pause would overrun the budget; then gives back the last answer or throws the last
 * `NetworkError`. `repeatable` false: only 429 is repeated, since the server then did nothing.
 */
export async function sendWithRetries(
  policy: RetryPolicy,
  repeatable: boolean,
  send: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const deadlineMs = policy.clock.now() + policy.budgetMs;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await settle(send);
    const isError = outcome instanceof NetworkError;
    const retried = isError
      ? repeatable
      : RETRIED_STATUSES.has(outcome.status) && (repeatable || outcome.status === 429);
    const delayMs = pauseMs(policy, attempt, isError ? undefined : outcome.retryAfter);
    if (!retried || policy.clock.now() + delayMs > deadlineMs) {
      if (isError) throw outcome;
      return outcome;
    }
    policy.onRetry?.({ attempt, delayMs, reason: isError ? outcome.code : String(outcome.status) });
    await policy.clock.sleep(delayMs);
  }
}

function pauseMs(policy: RetryPolicy, attempt: number, retryAfter: string | undefined): number {
  const seconds = parseRetryAfter(retryAfter, policy.clock.now()) ?? Math.min(10, attempt);
  return Math.ceil((seconds + policy.random()) * 1000);
}

async function settle(send: () => Promise<HttpAnswer>): Promise<HttpAnswer | NetworkError> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
}

import type { RetryPolicy, RpcDuration } from "./core-types";

/** Retry policy of a function, ready to use. `maxRetryCount` -1 in the app means without end. */
export interface RetryDelays {
  readonly maxRetryCount: number;
  /** Delay in milliseconds before retry number `attempt + 1`. */
  delayMs(attempt: number): number;
}

/** Reads the policy that a function was registered with; without one nothing is retried. */
export function retryDelays(policy: RetryPolicy | undefined): RetryDelays {
  if (!policy) return { maxRetryCount: 0, delayMs: () => 0 };
  const count = policy.maxRetryCount ?? 0;
  const maxRetryCount = count < 0 ? Number.POSITIVE_INFINITY : count;
  const exponential = policy.retryStrategy === "exponentialBackoff" || policy.retryStrategy === 0;
  if (!exponential) return { maxRetryCount, delayMs: () => toMs(policy.delayInterval) };
  const least = toMs(policy.minimumInterval);
  const most = toMs(policy.maximumInterval) || least;
  return { maxRetryCount, delayMs: (attempt) => Math.min(most, least * 2 ** attempt) };
}

function toMs(duration: RpcDuration | undefined): number {
  return Number(duration?.seconds ?? 0) * 1000 + Number(duration?.nanos ?? 0) / 1e6;
}

import type { FailureCause } from "./verdict";

/** Retry policy of a step, from its definition. */
export interface RetryPolicy {
  /** Databricks runs that one attempt may start for the step. */
  readonly maxGenerations: number;
  readonly firstDelaySeconds: number;
  readonly backoff: number;
}

/** What follows a failed generation. */
export type RetryDecision = { readonly kind: "retry"; readonly delaySeconds: number } | { readonly kind: "stop" };

const MAX_DELAY_SECONDS = 3600;
/** A quota clears by waiting, not by another try at once. */
const QUOTA_DELAY_SECONDS = 300;
/** Beyond the policy: runs that a quota refused did no work, so they do not use up the step's own tries. */
const QUOTA_EXTRA_GENERATIONS = 10;

const STOP: RetryDecision = { kind: "stop" };

/**
 * Decides whether a failed generation is repeated. Platform faults are, within the policy; quota and skipped runs wait longer;
 * everything else needs a person: code, configuration, cancelled, timed out, deleted, unknown.
 * @param tries generations that this attempt has used, at least 1
 */
export function decideRetry(cause: FailureCause, tries: number, policy: RetryPolicy): RetryDecision {
  const delay = Math.min(policy.firstDelaySeconds * policy.backoff ** (tries - 1), MAX_DELAY_SECONDS);
  switch (cause) {
    case "platform":
      return tries < policy.maxGenerations ? { kind: "retry", delaySeconds: delay } : STOP;
    case "quota":
    case "skipped":
      return tries < policy.maxGenerations + QUOTA_EXTRA_GENERATIONS
        ? { kind: "retry", delaySeconds: Math.max(delay, QUOTA_DELAY_SECONDS) }
        : STOP;
    case "code":
    case "configuration":
    case "cancelled":
    case "timedOut":
    case "deleted":
    case "unknown":
      return STOP;
  }
}

/**
 * Seconds until the next look at a Databricks run: a quarter of what it took so far, so that short runs are seen soon and long
 * ones cost few calls.
 */
export function pollDelaySeconds(elapsedSeconds: number): number {
  return Math.round(Math.min(Math.max(elapsedSeconds / 4, 2), 60));
}

/**
 * Seconds until the next look at a Databricks run whose end was asked for. One that does not end for hours waits for a person, and
 * a look every five minutes is enough.
 */
export function settleDelaySeconds(elapsedSeconds: number): number {
  return Math.round(Math.min(Math.max(pollDelaySeconds(elapsedSeconds), elapsedSeconds / 60), 300));
}

/** Seconds until a queued run looks for its slot again; a wake-up event usually comes first. */
export function slotDelaySeconds(looks: number): number {
  return Math.min(5 * 2 ** Math.min(looks, 10), 300);
}

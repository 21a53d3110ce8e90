import type { TokenCredential } from "@azure/identity";
import { DatabricksApiError } from "../errors";
import { boundedText } from "../logging/redact";
import type { Clock } from "./clock";

/** Gives the bearer token of the next call. */
export interface TokenProvider {
  /** `rejected`: the token that a 401 answered to; a provider that can will fetch a new one. @throws DatabricksApiError */
  getToken(rejected?: string): Promise<string>;
}

/** A token and the end of its life. */
export interface ExpiringToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** The Entra application id of Azure Databricks, the same in every cloud. */
export const DATABRICKS_SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default";

/** Azure Databricks rejects tokens with 30 s or less to live. */
const REFRESH_EARLY_MS = 40_000;

/** A token that never changes, such as a personal access token. */
export function createStaticTokenProvider(token: string): TokenProvider {
  return { getToken: () => Promise.resolve(token) };
}

/** Keeps a token until 40 s before its end, or until it is rejected; concurrent callers share one fetch. */
export function createCachedTokenProvider(fetchToken: () => Promise<ExpiringToken>, clock: Clock): TokenProvider {
  let cached: ExpiringToken | undefined;
  let fetching: Promise<ExpiringToken> | undefined;
  return {
    async getToken(rejected) {
      if (cached && cached.token !== rejected && clock.now() < cached.expiresAtMs - REFRESH_EARLY_MS)
        return cached.token;
      fetching ??= fetchToken().finally(() => {
        fetching = undefined;
      });
      cached = await fetching;
      return cached.token;
    },
  };
}

/** Entra tokens for Databricks from an `@azure/identity` credential. */
export function createEntraTokenProvider(credential: TokenCredential, remedy: string, clock: Clock): TokenProvider {
  return createCachedTokenProvider(async () => {
    try {
      const token = await credential.getToken(DATABRICKS_SCOPE);
      if (token) return { token: token.token, expiresAtMs: token.expiresOnTimestamp };
      throw new Error("the credential gave no token");
    } catch (error) {
      const reason = boundedText(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), 300);
      const passes = isTransientSignInFault(error);
      throw new DatabricksApiError(`no Entra token for Databricks: ${reason} ${passes ? "" : remedy}`.trim(), {
        status: passes ? 503 : 401,
        errorCode: passes ? "TOKEN_ENDPOINT_UNAVAILABLE" : "NO_CREDENTIAL",
        maybeExecuted: false,
      });
    }
  }, clock);
}

const TRANSIENT_WORDS =
  /network|unreachable|timed? ?out|timeout|aborted|socket hang up|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ENETDOWN|temporarily|too many requests|throttl|endpoints_resolution_error|\b(408|429|5\d\d)\b/i;

/**
 * Whether a sign-in failed for a reason that passes. Credentials wrap nearly every fault in one class, so its status, its words
 * and its causes are looked at; what shows no sign of passing needs a person.
 */
function isTransientSignInFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { statusCode, errors, cause } = error as Error & { statusCode?: unknown; errors?: unknown };
  if (typeof statusCode === "number") return statusCode === 408 || statusCode === 429 || statusCode >= 500;
  if (TRANSIENT_WORDS.test(error.message)) return true;
  return [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].some(isTransientSignInFault);
}

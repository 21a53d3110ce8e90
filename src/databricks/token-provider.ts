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
      throw new DatabricksApiError(`no Entra token for Databricks: ${reason} ${remedy}`, {
        status: 401,
        errorCode: "NO_CREDENTIAL",
      });
    }
  }, clock);
}

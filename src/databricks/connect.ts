import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
import { invocationLogger, type Logger } from "../logging/logger";
import { createApiCaller } from "./api-caller";
import { systemClock, type Clock } from "./clock";
import { createJobsClientOver } from "./create-jobs-client";
import type { JobsClient } from "./jobs-client";
import { createOAuthM2MTokenProvider } from "./oauth-m2m";
import { createRateLimiter, type RateLimiter } from "./rate-limiter";
import type { RetryPolicy } from "./retry";
import { createEntraTokenProvider, createStaticTokenProvider, type TokenProvider } from "./token-provider";

/** How to sign in; the same shape as the configuration's. */
export type DatabricksSignIn =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "managedIdentity"; readonly clientId?: string }
  | { readonly kind: "default" }
  | { readonly kind: "oauthM2M"; readonly clientId: string; readonly clientSecret: string };

/** What a connection to one workspace needs; the rest has defaults that tests replace. */
export interface DatabricksConnection {
  readonly host: string;
  readonly auth: DatabricksSignIn;
  readonly requestsPerSecond: number;
  /** Of the app, for the User-Agent. */
  readonly version: string;
  /** Lets calls through; default: so many a second for this process alone. */
  readonly limiter?: RateLimiter;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of one attempt; default 60 s. */
  readonly timeoutMs?: number;
  /** Of one call with its retries; default 20 s: longer outages are waited out by durable timers, where everybody can see them. */
  readonly budgetMs?: number;
  /** Told of each retry; default: the log of the running invocation. */
  readonly logger?: Logger;
}

/** A Jobs client for one workspace. Makes no call. */
export function createJobsClient(connection: DatabricksConnection): JobsClient {
  const {
    host,
    version,
    clock = systemClock,
    random = Math.random,
    timeoutMs = 60_000,
    logger = invocationLogger,
  } = connection;
  const retry: RetryPolicy = {
    clock,
    random,
    budgetMs: connection.budgetMs ?? 20_000,
    onRetry: (event) => {
      logger.warn("databricks call is repeated", event);
    },
  };
  const { tokens, remedy } = signIn(connection.auth, { host, timeoutMs, retry });
  const caller = createApiCaller({
    host,
    tokens,
    authRemedy: remedy,
    userAgent: `batchkeeper/${version}`,
    limiter: connection.limiter ?? createRateLimiter(connection.requestsPerSecond, clock),
    retry,
    timeoutMs,
    onFault: (error) => {
      logger.error("databricks call failed", { fault: error.message });
    },
  });
  return createJobsClientOver(caller);
}

function signIn(
  auth: DatabricksSignIn,
  transport: { host: string; timeoutMs: number; retry: RetryPolicy },
): { tokens: TokenProvider; remedy: string } {
  const { clock } = transport.retry;
  switch (auth.kind) {
    case "token":
      return { tokens: createStaticTokenProvider(auth.token), remedy: "Check DATABRICKS_TOKEN." };
    case "oauthM2M": {
      const { clientId, clientSecret } = auth;
      const remedy =
        "Check DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, and that the service principal is in the workspace.";
      return { tokens: createOAuthM2MTokenProvider({ ...transport, clientId, clientSecret }), remedy };
    }
    case "managedIdentity": {
      const remedy = "Check DATABRICKS_AZURE_CLIENT_ID, and that the identity is a service principal in the workspace.";
      const credential = auth.clientId
        ? new ManagedIdentityCredential({ clientId: auth.clientId })
        : new ManagedIdentityCredential();
      return { tokens: createEntraTokenProvider(credential, remedy, clock), remedy };
    }
    case "default": {
      const remedy = "Sign in with az login, or set DATABRICKS_AUTH to another way.";
      return { tokens: createEntraTokenProvider(new DefaultAzureCredential(), remedy, clock), remedy };
    }
  }
}

import { z } from "zod";
import { DatabricksApiError } from "../errors";
import { parseErrorBody } from "./error-body";
import { exchange, NetworkError, type HttpAnswer, type HttpRequest } from "./exchange";
import { parseJson } from "./int64-json";
import { sendWithRetries, type RetryPolicy } from "./retry";
import { createCachedTokenProvider, type ExpiringToken, type TokenProvider } from "./token-provider";

/** A Databricks service principal. */
export interface OAuthM2MOptions {
  readonly host: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

const discovery = z.object({ token_endpoint: z.url() });
const grant = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

/** Tokens by client credentials, from the endpoint that the workspace's discovery document names. */
export function createOAuthM2MTokenProvider(options: OAuthM2MOptions): TokenProvider {
  const { host, clientId, clientSecret, retry } = options;
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;

  async function call<T>(what: string, request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
    try {
      const answer = await sendWithRetries(retry, true, () => exchange(request, options.timeoutMs));
      return read(what, answer, schema, [clientSecret, basic]);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new DatabricksApiError(`cannot reach DATABRICKS_HOST ${host} for the ${what} (${error.code})`, {
        status: 0,
        errorCode: error.code,
      });
    }
  }

  async function fetchToken(): Promise<ExpiringToken> {
    const discoveryUrl = `${host}/oidc/.well-known/oauth-authorization-server`;
    const { token_endpoint: url } = await call(
      "OAuth discovery",
      { method: "GET", url: discoveryUrl, headers: {} },
      discovery,
    );
    refuseForeignPlainHttp(url, host);
    const askedAtMs = retry.clock.now();
    const headers = { authorization: basic, "content-type": "application/x-www-form-urlencoded" };
    const body = "grant_type=client_credentials&scope=all-apis";
    const granted = await call("OAuth token", { method: "POST", url, headers, body }, grant);
    return { token: granted.access_token, expiresAtMs: askedAtMs + granted.expires_in * 1000 };
  }

  return createCachedTokenProvider(fetchToken, retry.clock);
}

function read<T>(what: string, answer: HttpAnswer, schema: z.ZodType<T>, secrets: readonly string[]): T {
  const remedy = "Check DATABRICKS_HOST, DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET.";
  if (answer.status !== 200) {
    const { errorCode, message } = parseErrorBody(answer.status, answer.text, secrets);
    throw new DatabricksApiError(`the ${what} failed with ${answer.status} ${errorCode}: ${message}. ${remedy}`, {
      status: answer.status,
      errorCode,
    });
  }
  const parsed = schema.safeParse(parseOrUndefined(answer.text));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".") || "the body").join(", ");
  throw new DatabricksApiError(`the answer to the ${what} is not usable (${fields}). ${remedy}`, {
    status: 200,
    errorCode: "UNEXPECTED_ANSWER",
  });
}

/** The secret goes to this address, which the server chose. */
function refuseForeignPlainHttp(url: string, host: string): void {
  const endpoint = new URL(url);
  if (endpoint.protocol === "https:" || endpoint.origin === host) return;
  throw new DatabricksApiError(
    `OAuth discovery of ${host} names ${endpoint.origin}, which is not https: the client secret was not sent`,
    {
      status: 200,
      errorCode: "UNEXPECTED_ANSWER",
    },
  );
}

function parseOrUndefined(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

import type { AccessTokens } from "./access-tokens";
import { WORKSPACE_ID } from "./parameters";
import { Reply, type ApiRequest, type Route } from "./router";
import { USER_NAME } from "./run-view";

const JSON_TYPE = { "content-type": "application/json" };

function oauthError(status: number, error: string, description: string): Reply {
  return new Reply(status, JSON.stringify({ error, error_description: description }), JSON_TYPE);
}

function clientSecret(request: ApiRequest, form: URLSearchParams): string | undefined {
  const basic = /^Basic\s+(\S+)$/i.exec(request.stream.headers.authorization ?? "")?.[1];
  if (basic === undefined) return form.get("client_secret") ?? undefined;
  const pair = Buffer.from(basic, "base64").toString("utf8");
  return decodeURIComponent(pair.slice(pair.indexOf(":") + 1));
}

/** Discovery, token endpoint, and what the clients ask about themselves. */
export function identityRoutes(tokens: AccessTokens, base: () => string): Route[] {
  function token(request: ApiRequest): Reply {
    const form = new URLSearchParams(request.body.toString("utf8"));
    if (form.get("grant_type") !== "client_credentials") {
      return oauthError(400, "unsupported_grant_type", "grant_type must be client_credentials");
    }
    const issued = tokens.issue(clientSecret(request, form) ?? "");
    if (!issued) return oauthError(401, "invalid_client", "Client authentication failed");
    const body = {
      access_token: issued.token,
      token_type: "Bearer",
      expires_in: issued.expiresInSeconds,
      scope: form.get("scope") ?? "all-apis",
    };
    return new Reply(200, JSON.stringify(body), { ...JSON_TYPE, "cache-control": "no-store" });
  }

  const endpoints = (): unknown => ({
    issuer: `${base()}/oidc`,
    authorization_endpoint: `${base()}/oidc/v1/authorize`,
    token_endpoint: `${base()}/oidc/v1/token`,
    grant_types_supported: ["client_credentials"],
  });
  const me = {
    id: "1",
    userName: USER_NAME,
    displayName: "Local",
    active: true,
    emails: [{ value: USER_NAME, primary: true }],
  };
  const versions = [{ key: "18.x-scala2.13", name: "18 LTS (Apache Spark 4.1)" }];
  return [
    {
      method: "GET",
      pattern: "/.well-known/databricks-config",
      open: true,
      handler: () => ({ oidc_endpoint: `${base()}/oidc`, workspace_id: WORKSPACE_ID }),
    },
    { method: "GET", pattern: "/oidc/.well-known/oauth-authorization-server", open: true, handler: endpoints },
    { method: "POST", pattern: "/oidc/v1/token", open: true, handler: token },
    {
      method: "GET",
      pattern: "/api/2.0/preview/scim/v2/Me",
      handler: () => new Reply(200, JSON.stringify(me), { ...JSON_TYPE, "x-databricks-org-id": WORKSPACE_ID }),
    },
    { method: "POST", pattern: "/telemetry-ext", handler: () => ({}) },
    { method: "GET", pattern: "/api/2.1/clusters/spark-versions", handler: () => ({ versions }) },
    { method: "GET", pattern: "/api/2.0/clusters/spark-versions", handler: () => ({ versions }) },
  ];
}

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";

/** The Entra application of Azure Databricks. */
const DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
const LIFETIME_SECONDS = 3600;

/** The token endpoint of App Service, as a function app sees it. */
export interface IdentityEndpoint {
  /** What App Service puts into the environment. */
  readonly env: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  /** How often a token for each resource was given. */
  readonly given: ReadonlyMap<string, number>;
  /** Client ids that it was asked for and does not know. */
  readonly unknown: ReadonlySet<string>;
  close(): Promise<void>;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An unsigned token as Entra's are made: the storage emulator reads its claims and has no key to check it by. */
function storageToken(audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: audience, iss: `https://sts.windows.net/${randomUUID()}/`, iat: now, nbf: now - 60 };
  const ids = { oid: randomUUID(), tid: randomUUID(), ver: "1.0" };
  return `${part({ alg: "none", typ: "JWT" })}.${part({ ...claims, ...ids, exp: now + LIFETIME_SECONDS })}.none`;
}

/**
 * Serves tokens for one user-assigned identity.
 * @param databricksToken what the workspace takes as the identity's token
 */
export async function serveIdentity(clientId: string, databricksToken: () => string): Promise<IdentityEndpoint> {
  const secret = randomUUID();
  const given = new Map<string, number>();
  const unknown = new Set<string>();
  const server = createServer((request, response) => {
    const send = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (request.headers["x-identity-header"] !== secret) return send(401, { message: "wrong X-IDENTITY-HEADER" });
    const asked = searchParams.get("client_id") ?? "";
    if (asked !== clientId) {
      unknown.add(asked);
      return send(400, {
        statusCode: 400,
        message: `No User Assigned or Delegated Managed Identity found for ${asked}`,
      });
    }
    const resource = (searchParams.get("resource") ?? "").replace(/\/$/, "");
    given.set(resource, (given.get(resource) ?? 0) + 1);
    const access_token = resource === DATABRICKS ? databricksToken() : storageToken(resource);
    const expires_on = String(Math.floor(Date.now() / 1000) + LIFETIME_SECONDS);
    return send(200, { access_token, expires_on, resource, token_type: "Bearer", client_id: clientId });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: secret },
    given,
    unknown,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

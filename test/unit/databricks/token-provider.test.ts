import type { AccessToken, TokenCredential } from "@azure/identity";
import { createApiCaller } from "../../../src/databricks/api-caller";
import { createJobsClient } from "../../../src/databricks/connect";
import { createRateLimiter } from "../../../src/databricks/rate-limiter";
import {
  createCachedTokenProvider,
  createEntraTokenProvider,
  DATABRICKS_SCOPE,
  type TokenProvider,
} from "../../../src/databricks/token-provider";
import { DatabricksApiError } from "../../../src/errors";
import { FakeClock } from "../../support/fake-clock";
import { drop, reply, startFakeHttp, type FakeAnswer, type FakeHttp } from "../../support/fake-http";

const servers: FakeHttp[] = [];
const serve = async (...answers: [FakeAnswer, ...FakeAnswer[]]) => {
  const server = await startFakeHttp(...answers);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Hands out t1, t2, … each good for an hour. */
function numberedTokens(clock: FakeClock) {
  let count = 0;
  return jest.fn(async () => ({ token: `t${++count}`, expiresAtMs: clock.now() + 3_600_000 }));
}

describe("createCachedTokenProvider", () => {
  it("keeps a token until 40 s before its end", async () => {
    const clock = new FakeClock();
    const provider = createCachedTokenProvider(numberedTokens(clock), clock);

    expect(await provider.getToken()).toBe("t1");
    clock.advance(3_559_999);
    expect(await provider.getToken()).toBe("t1");
    clock.advance(1);
    expect(await provider.getToken()).toBe("t2");
  });

  it("fetches a new one when the cached one was rejected, but not when an older one was", async () => {
    const clock = new FakeClock();
    const provider = createCachedTokenProvider(numberedTokens(clock), clock);
    await provider.getToken();

    expect(await provider.getToken("t1")).toBe("t2");
    expect(await provider.getToken("t1")).toBe("t2");
  });

  it("shares one fetch among concurrent callers, and forgets a failed one", async () => {
    const clock = new FakeClock();
    const fetchToken = numberedTokens(clock);
    fetchToken.mockRejectedValueOnce(new Error("away"));
    const provider = createCachedTokenProvider(fetchToken, clock);

    await expect(provider.getToken()).rejects.toThrow("away");
    expect(await Promise.all([provider.getToken(), provider.getToken()])).toEqual(["t1", "t1"]);
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });
});

describe("a 401", () => {
  const caller = (host: string, tokens: TokenProvider) => {
    const clock = new FakeClock();
    const retry = { clock, random: () => 0, budgetMs: 1000 };
    return createApiCaller({
      host,
      tokens,
      authRemedy: "Check it.",
      userAgent: "x/1",
      limiter: createRateLimiter(10, clock),
      retry,
      timeoutMs: 1000,
    });
  };
  const call = { method: "GET", path: "/api/x", idempotent: true } as const;

  it("leads to one new token and one more try", async () => {
    const clock = new FakeClock();
    const server = await serve(reply(401), reply(200, { ok: true }));

    expect(await caller(server.url, createCachedTokenProvider(numberedTokens(clock), clock))(call)).toEqual({
      ok: true,
    });
    expect(server.seen.map((request) => request.headers.authorization)).toEqual(["Bearer t1", "Bearer t2"]);
  });

  it("is final when the new token is refused too", async () => {
    const clock = new FakeClock();
    const server = await serve(reply(401));

    await expect(caller(server.url, createCachedTokenProvider(numberedTokens(clock), clock))(call)).rejects.toThrow(
      /401 UNAUTHORIZED.*Check it\./,
    );
    expect(server.seen).toHaveLength(2);
  });
});

describe("createEntraTokenProvider", () => {
  it("asks for the Databricks scope", async () => {
    const clock = new FakeClock();
    const getToken = jest.fn(async (): Promise<AccessToken> => ({
      token: "entra",
      expiresOnTimestamp: clock.now() + 60_000,
    }));

    expect(await createEntraTokenProvider({ getToken }, "", clock).getToken()).toBe("entra");
    expect(getToken).toHaveBeenCalledWith(DATABRICKS_SCOPE);
    expect(DATABRICKS_SCOPE).toBe("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default");
  });

  it.each<[string, TokenCredential]>([
    [
      "the credential fails",
      { getToken: async () => Promise.reject(new Error("ManagedIdentityCredential: no endpoint\nmore lines")) },
    ],
    ["the credential gives nothing", { getToken: async () => null }],
  ])("says which setting to look at when %s", async (_name, credential) => {
    const error: unknown = await createEntraTokenProvider(
      credential,
      "Check DATABRICKS_AZURE_CLIENT_ID.",
      new FakeClock(),
    )
      .getToken()
      .catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(DatabricksApiError);
    expect(error).toMatchObject({ status: 401, errorCode: "NO_CREDENTIAL" });
    expect((error as Error).message).toMatch(/^no Entra token for Databricks: .*Check DATABRICKS_AZURE_CLIENT_ID\.$/);
  });
});

describe("a fault of the sign-in that passes", () => {
  const wrapped = (message: string, cause?: unknown) =>
    Object.assign(new Error(message, { cause }), { name: "CredentialUnavailableError" });
  const answered = (statusCode: number) =>
    Object.assign(new Error(`answered ${statusCode}`), { name: "AuthenticationError", statusCode });
  const faultOf = async (error: Error): Promise<unknown> =>
    createEntraTokenProvider({ getToken: async () => Promise.reject(error) }, "Check it.", new FakeClock())
      .getToken()
      .catch((reason: unknown) => reason);

  it.each<[string, Error]>([
    ["a network that is away", wrapped("ManagedIdentityCredential: Network unreachable. Message: x")],
    ["a wrapped 500", wrapped("ManagedIdentityCredential: Authentication failed. Message x", answered(500))],
    ["a throttled endpoint", answered(429)],
    ["a time-out", wrapped("ManagedIdentityCredential: Authentication failed. Message Request timed out")],
    ["one of several credentials", Object.assign(new Error("all failed"), { errors: [wrapped("x"), answered(503)] })],
  ])("is no refusal: %s", async (_name, error) => {
    expect(await faultOf(error)).toMatchObject({ status: 503, maybeExecuted: false });
  });

  it.each<[string, Error]>([
    ["a wrong secret", answered(401)],
    ["an unknown client", answered(400)],
    ["nobody signed in", wrapped("Please run 'az login' from a command prompt to authenticate")],
  ])("is told from one that needs a person: %s", async (_name, error) => {
    expect(await faultOf(error)).toMatchObject({ status: 401, message: expect.stringContaining("Check it.") });
  });
});

describe("OAuth M2M", () => {
  const SECRET = "dose-canary-secret-77";
  const client = (host: string) =>
    createJobsClient({
      host,
      auth: { kind: "oauthM2M", clientId: "app", clientSecret: SECRET },
      requestsPerSecond: 50,
      version: "1.0.0",
      clock: new FakeClock(),
      random: () => 0,
      budgetMs: 2000,
    });
  const discovery: FakeAnswer = (request, response) =>
    reply(200, { token_endpoint: `http://${request.headers.host ?? ""}/oidc/v1/token`, authorization_endpoint: "x" })(
      request,
      response,
    );

  it("finds the endpoint, sends client credentials and uses the token", async () => {
    const server = await serve(
      discovery,
      reply(503),
      reply(200, { access_token: "m2m", token_type: "Bearer", expires_in: 3600 }),
      reply(200, { jobs: [] }),
    );

    await expect(client(server.url).findJobId("x")).rejects.toThrow("no job is named");

    const [, , token, list] = server.seen;
    expect(token).toMatchObject({
      method: "POST",
      url: "/oidc/v1/token",
      body: "grant_type=client_credentials&scope=all-apis",
    });
    expect(token?.headers.authorization).toBe(`Basic ${Buffer.from(`app:${SECRET}`).toString("base64")}`);
    expect(list?.headers.authorization).toBe("Bearer m2m");
  });

  it.each<[string, FakeAnswer[], RegExp]>([
    [
      "a wrong secret",
      [discovery, reply(401, { error: "invalid_client", error_description: `secret ${SECRET} is wrong` })],
      /401 UNAUTHORIZED: secret \[redacted\] is wrong.*DATABRICKS_CLIENT_SECRET/,
    ],
    ["an unreachable host", [drop], /cannot reach DATABRICKS_HOST http:.* for the OAuth discovery \(ECONNRESET\)/],
    [
      "an answer without a token",
      [discovery, reply(200, { token_type: "Bearer" })],
      /not usable \(access_token, expires_in\)/,
    ],
    ["a page instead of discovery", [reply(200, "<html>")], /the OAuth discovery is not usable/],
    [
      "an endpoint elsewhere in the clear",
      [reply(200, { token_endpoint: "http://example.com/token" })],
      /the client secret was not sent/,
    ],
  ])("says what is wrong: %s", async (_name, answers, message) => {
    const [first = drop, ...rest] = answers;
    const server = await serve(first, ...rest);

    const error = (await client(server.url)
      .findJobId("x")
      .catch((reason: unknown) => reason)) as Error;

    expect(error).toBeInstanceOf(DatabricksApiError);
    expect(error.message).toMatch(message);
    expect(`${error.message}${error.stack}`).not.toContain(SECRET);
  });
});

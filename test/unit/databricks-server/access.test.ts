import { request } from "node:http";
import { Bench, BUNDLE } from "./harness";
import type { WireBody } from "./wire";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE, tokenLifetimeSeconds: 2 }));
afterAll(async () => bench.remove());
afterEach(async () => bench.call("DELETE", "/internal/faults"));

const settings = (name: string) => ({ name, tasks: [{ task_key: "t", notebook_task: { notebook_path: "/x" } }] });

describe("access", () => {
  it.each([[""], ["Bearer wrong"], ["Basic abc"]])("answers 401 to %j without repeating it", async (authorization) => {
    const answer = await bench.call("GET", "/api/2.2/jobs/list", undefined, { authorization });

    expect(answer.status).toBe(401);
    expect(answer.body.error_code).toBe("UNAUTHENTICATED");
    expect(JSON.stringify(answer.body)).not.toContain("wrong");
  });

  it("guards unknown and internal paths too, and answers unknown paths with ENDPOINT_NOT_FOUND", async () => {
    expect((await bench.call("GET", "/api/9.9/nothing", undefined, { authorization: "" })).status).toBe(401);
    expect((await bench.call("POST", "/internal/faults", {}, { authorization: "" })).status).toBe(401);
    expect((await bench.call("GET", "/api/9.9/nothing")).body.error_code).toBe("ENDPOINT_NOT_FOUND");
  });

  it("issues OAuth tokens for the client secret; they expire", async () => {
    const fetchToken = async (secret: string) =>
      fetch(`${bench.url}/oidc/v1/token`, {
        method: "POST",
        headers: {
          authorization: `Basic ${Buffer.from(`client:${secret}`).toString("base64")}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: "grant_type=client_credentials&scope=all-apis",
      });
    const issued = (await (await fetchToken(bench.token)).json()) as WireBody;
    const list = async () =>
      bench.call("GET", "/api/2.2/jobs/list", undefined, { authorization: `Bearer ${issued.access_token}` });

    expect(issued).toMatchObject({ token_type: "Bearer", expires_in: 2 });
    expect((await list()).status).toBe(200);
    await bench.call("POST", "/internal/faults", { match: { path: "/jobs/get" }, times: 1, action: "expire-tokens" });
    await bench.call("GET", "/api/2.2/jobs/get?job_id=1");
    expect(await list()).toMatchObject({ status: 401, body: { message: "Access token expired." } });
    expect((await fetchToken("wrong")).status).toBe(401);
  });

  it("answers discovery without a token and refuses foreign host names", async () => {
    const config = await fetch(`${bench.url}/.well-known/databricks-config`);
    expect(await config.json()).toMatchObject({ oidc_endpoint: `${bench.url}/oidc` });
    const status = await new Promise((resolve) => {
      request(`${bench.url}/`, { headers: { host: "rebound.example.com" } }, (response) =>
        resolve(response.resume().statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });
});

describe("faults", () => {
  const inject = async (rule: object) => bench.call("POST", "/internal/faults", rule);
  const create = async () => bench.call("POST", "/api/2.2/jobs/create", settings("faulty"));
  const count = async () =>
    (await bench.call("GET", "/api/2.2/jobs/list?name=faulty&limit=100")).body.jobs?.length ?? 0;

  it.each([
    ["429", 429, 0],
    ["500", 500, 0],
    ["503-before", 503, 0],
    ["503-after", 503, 1],
  ])("%s answers %i and lets %i handlers run, once", async (action, status, handled) => {
    const before = await count();
    await inject({ match: { path: "/jobs/create", method: "post" }, times: 1, action, retryAfterSeconds: 7 });

    const answer = await create();

    expect(answer.status).toBe(status);
    expect(answer.headers.get("retry-after")).toBe(action === "429" ? "7" : null);
    expect(await count()).toBe(before + handled);
    expect((await create()).status).toBe(200);
  });

  it.each([
    ["drop-before", 0],
    ["drop-after", 1],
  ])("%s breaks the connection and lets %i handlers run", async (action, handled) => {
    const before = await count();
    await inject({ match: { path: "/jobs/create" }, times: 1, action });

    await expect(create()).rejects.toThrow("fetch failed");

    expect(await count()).toBe(before + handled);
  });

  it("slow delays the answer", async () => {
    await inject({ match: { path: "/jobs/list" }, times: 1, action: "slow", delayMs: 300 });
    const began = Date.now();

    await count();

    expect(Date.now() - began).toBeGreaterThanOrEqual(295);
  });

  it("refuses a rule with an unknown action or field, naming it", async () => {
    expect((await inject({ action: "explode" })).body.message).toMatch(/rules\[0\]\.action must be one of/);
    expect((await inject({ rules: [{ action: "500", oops: 1 }] })).body.message).toBe(
      "rules[0].oops is not a field of a fault rule.",
    );
  });
});

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { TestHost, fixture } from "./harness";
import { startFunctionsHost } from "../../../local/functions-host/spawn";

jest.setTimeout(60_000);
const env = { DROPS: "drops", TICK: "0 0 0 1 1 *", "AzureWebJobs.off.Disabled": "true" };

describe("buffered HTTP", () => {
  const host = new TestHost("triggers", { env });
  beforeAll(() => host.start());
  afterAll(() => host.dispose());

  test("route parameters, query, headers, body and status", async () => {
    const response = await host.request("/v1/echo/42/a/b%20c?x=1&x=2&y=z", {
      method: "PUT",
      body: "text",
      headers: { "X-Question": "why" },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-answer")).toBe("yes");
    expect(await response.json()).toEqual({
      method: "PUT",
      path: "/v1/echo/42/a/b%20c",
      params: { id: "42", rest: "a/b c" },
      query: { x: "1,2", y: "z" },
      header: "why",
      body: "text",
    });
  });

  test("literal routes win; a function without route has its name; names of routes ignore case", async () => {
    expect(await (await host.request("/v1/echo/7/fixed")).text()).toBe("literal");
    expect(await (await host.request("/v1/BYNAME")).text()).toBe("by name");
  });

  test.each([
    ["a constraint that does not hold", "/v1/echo/seven", "GET"],
    ["no such route", "/v1/nothing", "GET"],
    ["no such prefix", "/api/byName", "GET"],
    ["a method that is not served", "/v1/byName", "POST"],
    ["a disabled function", "/v1/off", "GET"],
  ])("%s is 404 without a body", async (_what, path, method) => {
    const response = await host.request(path, { method });
    expect([response.status, await response.text()]).toEqual([404, ""]);
  });

  test("bytes pass unchanged", async () => {
    const bytes = randomBytes(300_000);
    const response = await host.request("/v1/bytes", { method: "POST", body: bytes });
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("a handler that throws is 500 without a body", async () => {
    const response = await host.request("/v1/fails");
    expect([response.status, await response.text()]).toEqual([500, ""]);
    expect(host.output).toMatch(/Executed 'Functions\.fails' \(Failed, Id=[^)]*\)\nError: secret detail/);
  });

  test("cookies", async () => {
    const cookies = (await host.request("/v1/cookies")).headers.getSetCookie();
    expect(cookies).toEqual(["a=b%20c; max-age=5; path=/; samesite=strict; httponly", "p=1; path=/x"]);
  });

  test("many requests at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        host.request("/v1/bytes", { method: "POST", body: String(n) }).then((response) => response.text()),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
  });

  test("keys are not asked for by default", async () => {
    expect((await host.request("/v1/locked")).status).toBe(200);
  });

  test("the console shows what is served and what is not", () => {
    expect(host.output).toContain(`\tbyName: [GET] ${host.url}/v1/byName`);
    expect(host.output).toContain("\toff: ");
    expect(host.output).toContain(
      "The 'bus' function is not served: this host has no trigger of type \"serviceBusTrigger\".",
    );
    expect(host.output).toContain(
      "The 'badSchedule' function is in error: timer function badSchedule: schedule \"not a schedule\"",
    );
    expect(host.output).toContain(
      "The 'unconnected' function is in error: blob function unconnected: connection setting \"NoSuchSetting\" is not set",
    );
    expect(host.output).toMatch(/Host lock lease acquired by instance ID '\w+'/);
  });

  test("admin endpoints", async () => {
    const list = (await (await host.request("/admin/functions")).json()) as { name: string }[];
    expect(list.map((fn) => fn.name)).toContain("everySecond");
    expect(await (await host.request("/admin/functions/off/status")).json()).toEqual({
      errors: null,
      isDisabled: true,
    });
    expect((await host.request("/admin/functions/none", { method: "POST", body: "{}" })).status).toBe(404);
    expect((await host.request("/admin/functions/yearly", { method: "POST", body: "{" })).status).toBe(400);
    expect((await host.request("/admin/host/ping")).status).toBe(200);
    expect(await (await host.request("/admin/host/status")).json()).toMatchObject({ state: "Running" });
    expect((await host.request("/")).status).toBe(200);
  });
});

describe("--enable-auth", () => {
  const host = new TestHost("triggers", { env, args: ["--enable-auth"] });
  beforeAll(() => host.start());
  afterAll(() => host.dispose());

  test.each([
    "/v1/locked",
    "/v1/adminOnly",
    "/admin/functions",
    "/runtime/webhooks/durabletask/instances/",
    "/v1/locked?code=wrong",
  ])("%s is 401 without the key", async (path) => {
    expect((await host.request(path)).status).toBe(401);
  });

  test("anonymous functions, the ping and the app's own durable client need none", async () => {
    expect((await host.request("/v1/byName")).status).toBe(200);
    expect((await host.request("/admin/host/ping")).status).toBe(200);
    expect((await host.request("/durabletask/instances/")).status).toBe(200);
  });
});

describe("an ESM app that streams", () => {
  const host = new TestHost("esm");
  beforeAll(() => host.start());
  afterAll(() => host.dispose());

  test("body, parameters, hooks", async () => {
    const response = await host.request("/api/stream/17?q=a", { method: "POST", body: "x".repeat(200_000) });
    expect([
      response.status,
      response.headers.get("x-id"),
      response.headers.get("x-q"),
      response.headers.get("x-started"),
    ]).toEqual([202, "17", "a", "appStart"]);
    expect(response.headers.get("x-hook")).toBe("true");
    expect(await response.text()).toHaveLength(200_000);
  });

  test("the answer begins before the request has ended", async () => {
    const first = await new Promise<string>((resolve, reject) => {
      const call = request(new URL("/api/stream/1", host.url), { method: "POST" }, (answer) => {
        answer.setEncoding("utf8").once("data", (text: string) => {
          resolve(text);
          call.end();
          answer.resume();
        });
      });
      call.on("error", reject).write("first part");
    });
    expect(first).toBe("first part");
  });

  test("a handler that throws is 500", async () => {
    expect((await host.request("/api/throws")).status).toBe(500);
  });
});

describe("start-up faults name their cause", () => {
  const host = new TestHost("triggers", { env });
  afterAll(() => host.dispose());
  const start = (appDir: string, more: object = {}): Promise<unknown> =>
    startFunctionsHost({ appDir, stateDir: `${host.dir}/faults`, ...more });

  test("an entry point that does not load", async () => {
    await expect(start(fixture("broken"))).rejects.toThrow(
      /Worker was unable to load entry point ".*index\.js": Cannot find module '\.\/not-there'/,
    );
  });

  test("a folder without an app", async () => {
    await expect(start(`${fixture("broken")}/..`)).rejects.toThrow(
      /host\.json does not exist: --app must name the folder of a function app/,
    );
    await expect(start("/does/not/exist")).rejects.toThrow("--app /does/not/exist does not exist");
  });

  test("an invalid host.json", async () => {
    await expect(
      start(fixture("triggers"), {
        env: {
          ...env,
          AzureFunctionsJobHost__version: "1.0",
          AzureFunctionsJobHost__extensions__blobs__maxDegreeOfParallelism: "0",
        },
      }),
    ).rejects.toThrow(/host\.json: "version" must be "2\.0"; "extensions\.blobs\.maxDegreeOfParallelism" /);
  });

  test("a setting that is missing", async () => {
    await expect(start(fixture("durable"), { env: { FIXTURE_HUB: "1bad" } })).rejects.toThrow(
      'hubName "1bad" must begin with a letter',
    );
    await expect(start(fixture("durable"), { env: { FIXTURE_HUB: "" } })).rejects.toThrow(
      'setting "FIXTURE_HUB" (from "%FIXTURE_HUB%") is not set',
    );
  });

  test("a state folder that is in use, a port that is taken", async () => {
    await host.start();
    await expect(start(fixture("triggers"), { env, stateDir: `${host.dir}/state` })).rejects.toThrow(
      "is in use by another functions host",
    );
    const port = Number(new URL(host.url).port);
    await expect(start(fixture("triggers"), { env, port })).rejects.toThrow(`Port ${String(port)} is unavailable`);
  });
});

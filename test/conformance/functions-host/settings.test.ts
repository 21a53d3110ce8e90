import { join } from "node:path";
import { startFunctionsHost } from "../../../local/functions-host/spawn";
import { TestHost, eventually, fixture } from "./harness";
import { hostKey, settingsFile, withHost } from "./settings-harness";

jest.setTimeout(60_000);

describe("host.json as people write it", () => {
  const args = settingsFile(
    "commented.json",
    '\uFEFF{ // settings\n "IsEncrypted": false, /* of this machine */\n "Values": { "FROM_FILE": "a//b /* c */", }, }\n',
  );
  const host = new TestHost("settings", { args, env: { WEBSITE_SITE_NAME: "my-app-7" } });
  beforeAll(() => host.start());
  afterAll(() => host.dispose());

  test("comments and trailing commas in both files are no fault, and texts keep their slashes", async () => {
    expect(await (await host.request("/api/setting")).text()).toBe("a//b /* c */");
    expect((await host.request("/api/hello")).headers.get("x-url")).toBe("http://not.a/comment");
  });

  test("a hub name that is defaulted from a site name with hyphens is made to fit", async () => {
    const response = await host.request("/api/start/version/hub", { method: "POST" });
    const { statusQueryGetUri } = (await response.json()) as { statusQueryGetUri: string };
    expect(new URL(statusQueryGetUri).searchParams.get("taskHub")).toBe("myapp7");
  });

  test("what has no effect is told once, with its key", () => {
    const keys = [
      "singleton.lockPeriod",
      "watchDirectories",
      "extensions.HTTP.hsts.isEnabled",
      "extensions.HTTP.dynamicThrottlesEnabled",
    ];
    for (const key of keys) expect(host.output.split(`host.json: "${key}" has no effect in this host`)).toHaveLength(2);
    expect(host.output).toContain('host.json: unknown key "notAKey" is ignored');
    for (const key of ["functionTimeout", "customHeaders", "traceInputsAndOutputs", "logLevel"])
      expect(host.output).not.toContain(`${key}" has no effect`);
  });

  test("customHeaders are on every answer of a function, whose own header wins", async () => {
    expect((await host.request("/api/hello")).headers.get("x-content-type-options")).toBe("nosniff");
    expect((await host.request("/api/own")).headers.get("x-content-type-options")).toBe("mine");
  });

  test("functionTimeout: an HTTP function that is late is 500, its result is dropped, the host goes on", async () => {
    const began = Date.now();
    expect((await host.request("/api/sleeps/1000")).status).toBe(200);
    expect((await host.request("/api/sleeps/6000")).status).toBe(500);
    expect(Date.now() - began).toBeLessThan(5500);
    expect(host.output).toMatch(
      /Timeout value of 00:00:02 exceeded by function 'Functions\.sleeps' \(Id: '[0-9a-f-]{36}'\)\. Initiating cancellation\./,
    );
    expect(host.output).toMatch(
      /Executed 'Functions\.sleeps' \(Failed, Id=[^)]*\)\n.*Timeout value of 00:00:02 was exceeded by function: Functions\.sleeps/,
    );
    expect((await host.request("/api/hello")).status).toBe(200);
  });

  test("functionTimeout: an activity that is late fails, and its orchestrator may catch that", async () => {
    const { output } = await host.run("callsLate");
    expect(output).toContain("Activity function 'late' failed:  Timeout value of 00:00:02 was exceeded by function");
  });

  test.each([
    ["ranged", ["3", "5"], ["2", "6", "x"]],
    ["atLeast", ["10", "9999999999"], ["9", "-10", "1.5"]],
    ["atMost", ["-1", "-20"], ["0", "x"]],
    ["dated", ["2026-11-29", "2026-11-29T10:00:00Z", "11-29-2026"], ["2026-13-01", "2026-02-30", "nodate", "7"]],
    ["shaped", ["123-abc"], ["12-abc", "123-4"]],
    ["filed", ["a.txt"], ["atxt"]],
  ])("route constraint of %s", async (name, good, bad) => {
    for (const value of good)
      expect([value, (await host.request(`/api/${name}/${value}`)).status]).toEqual([value, 200]);
    for (const value of bad)
      expect([value, (await host.request(`/api/${name}/${value}`)).status]).toEqual([value, 404]);
  });

  test("a route with an unknown constraint is in error; the others are served", async () => {
    expect(host.output).toContain(
      'The \'coloured\' function is in error: route "api/coloured/{value:colour}": unknown constraint "colour"',
    );
    expect((await host.request("/api/coloured/red")).status).toBe(404);
  });

  test("logLevel: the longest prefix of a category counts", async () => {
    await host.request("/api/quiet");
    await host.request("/api/loud");
    await eventually(() => expect(host.output).toContain("information of loud"));
    expect(host.output).toContain("warning of quiet");
    expect(host.output).not.toContain("information of quiet");
    expect(host.output).not.toContain("'Functions.quiet'");
    expect(host.output).not.toContain("debug of loud");
  });
});

describe("log levels", () => {
  test("a host that logs warnings only is ready all the same", async () => {
    const env = { [hostKey("logging.logLevel.default")]: "Warning" };
    await withHost({ env }, async (host) => {
      await host.request("/api/hello");
      expect(host.output).not.toContain("Executing 'Functions.hello'");
    });
  });

  test("keys and levels ignore case, variables beat the file, BATCHKEEPER_HOST_LOG_LEVEL beats both", async () => {
    await withHost({ env: { "AzureFunctionsJobHost__Logging__LogLevel__Function.loud": "DEBUG" } }, async (host) => {
      await host.request("/api/loud");
      await eventually(() => expect(host.output).toContain("debug of loud"));
    });
    const env = { BATCHKEEPER_HOST_LOG_LEVEL: "error" };
    await withHost({ env }, async (host) => {
      await host.request("/api/loud");
      await host.request("/api/quiet");
      expect(host.output).not.toMatch(/of loud|of quiet/);
    });
  });
});

describe("limits of extensions.http", () => {
  const limit = (name: string, value: number): Record<string, string> => ({
    [hostKey(`extensions.http.${name}`)]: String(value),
  });

  test("maxOutstandingRequests: what is beyond is 429", async () => {
    await withHost({ env: limit("maxOutstandingRequests", 2) }, async (host) => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => host.request("/api/sleeps/500")));
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 200, 429, 429]);
      expect((await host.request("/api/hello")).status).toBe(200);
    });
  });

  test("maxConcurrentRequests: the others wait", async () => {
    await withHost({ env: limit("maxConcurrentRequests", 1) }, async (host) => {
      const answers = await Promise.all([1, 2, 3].map(() => host.request("/api/sleeps/100")));
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
      expect(host.calls()).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
    });
  });
});

describe("extensions.durableTask", () => {
  const durable = (values: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [hostKey(`extensions.durableTask.${key}`), value]));

  test("overridableExistingInstanceStates AnyState: a running instance is replaced", async () => {
    await withHost({ env: durable({ overridableExistingInstanceStates: "anystate" }) }, async (host) => {
      await host.begin("waits", undefined, "same");
      await host.until("same", (status) => status.runtimeStatus === "Running");
      expect(await host.run("version", undefined, "same")).toMatchObject({
        name: "version",
        runtimeStatus: "Completed",
      });
    });
  });

  test("versions: CurrentOrOlder runs what is older, Reject leaves what is newer to another worker", async () => {
    const host = new TestHost("settings", { env: durable({ defaultVersion: "1.9" }) });
    await host.start();
    const start = (version: string, id: string): Promise<Response> =>
      host.post(`orchestrators/version/${id}?version=${version}`);
    await start("1.8", "older");
    await start("1.10", "newer");
    expect((await host.run("version", undefined, "current")).output).toBe("1.9");
    expect((await host.finished("older")).output).toBe("1.8");
    expect((await host.status("newer")).runtimeStatus).toBe("Pending");
    expect(
      host.output.split("version '1.10' of the orchestration is newer than version '1.9' of this worker"),
    ).toHaveLength(2);
    await host.stop();
    // A worker that fits takes it up.
    const next = await startFunctionsHost({
      appDir: fixture("settings"),
      stateDir: join(host.dir, "state"),
      env: durable({ defaultVersion: "2.0" }),
    });
    const status = (): Promise<{ output: unknown }> =>
      fetch(`${next.url}/runtime/webhooks/durabletask/instances/newer`).then(
        (response) => response.json() as Promise<{ output: unknown }>,
      );
    await eventually(async () => expect((await status()).output).toBe("1.10"));
    await next.stop();
    await host.dispose();
  });

  test("versions: Strict takes its own alone, Fail fails the others with both versions", async () => {
    const env = durable({ defaultVersion: "2.0", versionMatchStrategy: "Strict", versionFailureStrategy: "Fail" });
    await withHost({ env }, async (host) => {
      await host.post("orchestrators/version/other?version=1.0");
      const { runtimeStatus, output } = await host.finished("other");
      expect(runtimeStatus).toBe("Failed");
      expect(output).toContain("version '1.0' of the orchestration is not version '2.0' of this worker");
      expect((await host.run("version")).output).toBe("2.0");
    });
  });

  test("versions: None compares nothing", async () => {
    await withHost({ env: durable({ defaultVersion: "1.0", versionMatchStrategy: "none" }) }, async (host) => {
      await host.post("orchestrators/version/newer?version=9");
      expect((await host.finished("newer")).output).toBe("9");
    });
  });

  test('hubName "%TASK_HUB%" comes from the app settings, of the file too', async () => {
    const args = settingsFile("hub.json", '{ "IsEncrypted": false, "Values": { "TASK_HUB": "FromFile" } }');
    await withHost({ args, env: durable({ hubName: "%TASK_HUB%" }) }, async (host) => {
      const response = await host.request("/api/start/version", { method: "POST" });
      expect(((await response.json()) as { statusQueryGetUri: string }).statusQueryGetUri).toContain(
        "taskHub=FromFile&",
      );
    });
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFunctionsHost } from "../../../local/functions-host/spawn";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { freePort } from "../../../local/ports";
import { TestHost, eventually, fixture } from "./harness";

jest.setTimeout(60_000);

const hostKey = (path: string): string => `AzureFunctionsJobHost__${path.replaceAll(".", "__")}`;
const folder = mkdtempSync(join(tmpdir(), "functions-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function settingsFile(name: string, text: string): string[] {
  const file = join(folder, name);
  writeFileSync(file, text);
  return ["--settings", file];
}

async function withHost(
  extra: { env?: Record<string, string>; args?: string[] },
  work: (host: TestHost) => Promise<void>,
): Promise<void> {
  const host = new TestHost("settings", extra);
  try {
    await host.start();
    await work(host);
  } finally {
    await host.dispose();
  }
}

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

describe("CORS", () => {
  const cors = (name: string, host: object): string[] =>
    settingsFile(name, JSON.stringify({ IsEncrypted: false, Host: host }));
  const ask = (host: TestHost, origin: string, method = "GET"): Promise<Response> => {
    const preflight = { "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-one,x-two" };
    return host.request("/api/hello", {
      method,
      headers: { Origin: origin, ...(method === "OPTIONS" ? preflight : {}) },
    });
  };

  test("named origins, with credentials; another origin gets no header", async () => {
    const args = cors("cors.json", { CORS: "https://a.example, http://b.example:3000/", CORSCredentials: true });
    await withHost({ args }, async (host) => {
      for (const origin of ["https://a.example", "http://b.example:3000"]) {
        const response = await ask(host, origin);
        expect(response.headers.get("access-control-allow-origin")).toBe(origin);
        expect(response.headers.get("access-control-allow-credentials")).toBe("true");
        expect(response.headers.get("vary")).toBe("Origin");
      }
      const preflight = await ask(host, "https://a.example", "OPTIONS");
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-methods")).toBe("PUT");
      expect(preflight.headers.get("access-control-allow-headers")).toBe("x-one,x-two");
      expect((await ask(host, "https://c.example")).headers.get("access-control-allow-origin")).toBeNull();
      expect((await ask(host, "https://c.example", "OPTIONS")).headers.get("access-control-allow-methods")).toBeNull();
      expect(await (await host.request("/api/hello")).text()).toBe("hello");
    });
  });

  test("any origin; credentials with it are told to have no effect", async () => {
    await withHost({ args: cors("any.json", { CORS: "*", CORSCredentials: true }) }, async (host) => {
      const response = await ask(host, "https://c.example");
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(host.output).toContain('"Host.CORSCredentials" has no effect');
    });
  });

  test("without the setting an app answers OPTIONS itself", async () => {
    await withHost({}, async (host) => {
      expect((await ask(host, "https://a.example", "OPTIONS")).status).toBe(404);
      expect((await ask(host, "https://a.example")).headers.get("access-control-allow-origin")).toBeNull();
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

describe("start-up", () => {
  const start = (more: object): Promise<unknown> =>
    startFunctionsHost({ appDir: fixture("settings"), stateDir: join(folder, "state"), ...more });

  test("Host.LocalHttpPort is the port when none is asked for", async () => {
    const port = await freePort();
    const [, settings = ""] = settingsFile("port.json", `{ "Host": { "LocalHttpPort": ${port} } }`);
    const main = join(REPO_ROOT, "dist", "local", "functions-host", "main.js");
    const args = [
      main,
      "--app",
      fixture("settings"),
      "--state",
      join(folder, "port"),
      "--settings",
      settings,
      "--exit-with-stdin",
    ];
    const child = spawn(NODE, args, { stdio: ["pipe", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await eventually(() => expect(output).toContain(`Host started at http://127.0.0.1:${port} `));
    expect((await fetch(`http://127.0.0.1:${port}/api/hello`)).status).toBe(200);
    child.stdin.end();
    await once(child, "close");
  });

  test("encrypted settings are refused, an address is told to have no effect", async () => {
    await expect(start({ args: settingsFile("secret.json", '{ "IsEncrypted": true }') })).rejects.toThrow(
      'secret.json: "IsEncrypted" is true; encrypted settings are not supported, set it to false',
    );
    await withHost(
      { args: settingsFile("address.json", '{ "Host": { "LocalHttpAddress": "0.0.0.0" } }') },
      async (host) => {
        expect(host.output).toContain('"Host.LocalHttpAddress" of ');
        expect(host.output).toContain("has no effect: this host listens on 127.0.0.1");
      },
    );
  });

  test("every wrong value is named at once, with its key", async () => {
    const env = {
      [hostKey("functionTimeout")]: "soon",
      [hostKey("logging.logLevel.default")]: "Chatty",
      [hostKey("extensions.queues.batchSize")]: "33",
      [hostKey("extensions.queues.messageEncoding")]: "base32",
      [hostKey("extensions.durableTask.versionMatchStrategy")]: "Newer",
      [hostKey("extensions.http.maxOutstandingRequests")]: "many",
      [hostKey("extensions.http.customHeaders.not a header")]: "x",
    };
    await expect(start({ env })).rejects.toThrow(
      /host\.json: "functionTimeout" must be a time span "hh:mm:ss" of at least 1000 ms, not "soon"; "logging\.logLevel\.default" must be a log level such as Information, not "Chatty"; .*maxOutstandingRequests" must be .*not "many"; .*customHeaders\.not a header" is no HTTP header: .*batchSize" must be a whole number from 1 to 32, not "33"; .*messageEncoding" must be base64 or none, not "base32"; .*versionMatchStrategy" must be None or Strict or CurrentOrOlder, not "Newer"/,
    );
  });

  test("a file that is no JSON is named with line and column", async () => {
    const appDir = join(folder, "app");
    cpSync(fixture("settings"), appDir, { recursive: true });
    writeFileSync(join(appDir, "host.json"), '{\n  // fine\n  "version": "2.0"\n  "functionTimeout": "00:05:00"\n}\n');
    await expect(start({ appDir })).rejects.toThrow(/host\.json is not valid JSON: .*line 4 column 3/);
  });

  test("another state back end than Azure Storage is told to have no effect", async () => {
    const env = { [hostKey("extensions.durableTask.storageProvider.type")]: "mssql" };
    await withHost({ env }, async (host) => {
      expect(host.output).toContain(
        'host.json: "extensions.durableTask.storageProvider.type" has no effect in this host',
      );
    });
  });

  test("the app of this repository starts without a warning", async () => {
    const env = Object.fromEntries(
      ["AzureWebJobsStorage", "DATA_STORAGE"].map((name) => [name, "UseDevelopmentStorage=true"]),
    );
    const loading = start({ appDir: REPO_ROOT, env, args: settingsFile("none.json", "{}") });
    const output = await loading.then(
      async (host) => {
        await (host as { stop(): Promise<unknown> }).stop();
        return (host as { output(): string }).output();
      },
      (error: Error) => error.message,
    );
    expect(output).not.toContain("has no effect");
  });
});

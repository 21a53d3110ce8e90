import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFunctionsHost } from "../../../local/functions-host/spawn";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { freePort } from "../../../local/ports";
import { type TestHost, eventually, fixture } from "./harness";
import { folder, hostKey, settingsFile, withHost } from "./settings-harness";

jest.setTimeout(60_000);

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

import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { adminInvoke } from "./admin-invoke";
import { FunctionBindings } from "./bindings/function-bindings";
import type { Reader } from "./bindings/function-bindings";
import { Database } from "./database";
import { DurableClientApi } from "./durable/client";
import { RPC_PATH, WEBHOOK_PATH, durableClientInput } from "./durable/client-input";
import type { DurableEndpoints } from "./durable/client-input";
import { Engine } from "./durable/engine";
import { ManagementApi } from "./durable/management-api";
import { DurableStore } from "./durable/store";
import { loadHostJson } from "./host-json";
import type { HostConfig } from "./host-json";
import { AdminApi } from "./http/admin";
import { Cors } from "./http/cors";
import { HttpTrigger } from "./http/http-trigger";
import { Keys } from "./http/keys";
import { MCP_PATH, handleMcp } from "./http/mcp-webhook";
import { HttpServer } from "./http/server";
import { Listeners } from "./listeners";
import { log, messageOf, plain, setLogLevels } from "./log";
import { integer } from "./options";
import type { HostOptions } from "./options";
import { isDisabled, loadLocalSettings } from "./settings";
import type { LocalHostSettings } from "./settings";
import { handleBlobWebhook } from "./triggers/blob-webhook";
import { CoreApi } from "./worker/core-api";
import { Invoker } from "./worker/invoker";
import { loadApp } from "./worker/load-app";

const DRAIN_MS = 10_000;
const DEFAULT_PORT = "7071";

/** A running host. */
export interface Host {
  readonly url: string;
  /** Accepts nothing new, lets running invocations end for a short while, and closes the state. */
  stop(): Promise<void>;
}

/** Loads the app and serves it. One host per process: it patches `Module.prototype.require`. Throws HostError. */
export async function startHost(options: HostOptions): Promise<Host> {
  const localSettings = loadLocalSettings(options.settingsFile, options.settingsRequired);
  const port = portOf(options, localSettings);
  const url = `http://127.0.0.1:${String(port)}`;
  const WEBSITE_HOSTNAME = new URL(url).host;
  Object.assign(process.env, { WEBSITE_HOSTNAME, AzureWebJobsScriptRoot: options.appDir });
  process.env["AZURE_FUNCTIONS_ENVIRONMENT"] ??= "Development";
  const config = loadHostJson(options.appDir);
  setLogLevels(config.logLevels);
  for (const warning of config.warnings) log("warning", warning, "Host.Startup");
  const core = new CoreApi();
  core.install();
  const capabilities = await loadApp(core, options.appDir);
  if (config.functions)
    for (const name of core.functions.keys()) if (!config.functions.includes(name)) core.functions.delete(name);

  const db = new Database(options.stateDir);
  const keys = new Keys(db, options.enableAuth);
  const invoker = new Invoker(core, config.functionTimeoutMs);
  const endpoints = { origin: url, hubName: config.durable.hubName, key: keys.key("system:durabletask_extension") };
  bindFunctions(core, invoker, config, endpoints);
  const { deliverTwice } = options;
  const engine = new Engine(new DurableStore(db), invoker, core, { config: config.durable, deliverTwice, isDisabled });
  const listeners = new Listeners(core.functions.values(), invoker, db, options, config);
  const httpTrigger = new HttpTrigger(invoker, capabilities["HttpUri"]);
  const server = new HttpServer(httpTrigger, keys, new Cors(localSettings), config.http, url);
  mountDurable(server, engine, config, endpoints);
  mountAdmin(server, core, invoker, listeners, port);
  server.mount(MCP_PATH, (exchange, rest) => handleMcp(exchange, rest, listeners.mcpTools, config.mcp), [
    "system:mcp_extension",
  ]);
  const routes = server.addFunctions(core.functions.values());
  await server.listen(port);
  printFunctions(core, routes);
  engine.start();
  listeners.start();
  const hostInstance = createHash("sha256").update(options.stateDir).digest("hex").slice(0, 32);
  log("information", `Host lock lease acquired by instance ID '${hostInstance}'.`);
  // Not a log line: whoever started the host waits for it, whatever the log level.
  plain(`Host started at ${url} (process ${String(process.pid)})`);
  return {
    url,
    async stop() {
      server.close();
      listeners.stop();
      engine.stop();
      await invoker.drain(DRAIN_MS);
      // Results of what just ended are stored in the following turns.
      await Promise.all([listeners.drain(DRAIN_MS), new Promise((resolve) => setTimeout(resolve, 20))]);
      await core.runHooks("appTerminate", { hookData: {}, appHookData: core.appHookData });
      db.close();
    },
  };
}

function portOf(options: HostOptions, { LocalHttpPort, LocalHttpAddress }: LocalHostSettings): number {
  const { settingsFile } = options;
  if (LocalHttpAddress !== undefined && !["127.0.0.1", "localhost"].includes(LocalHttpAddress))
    log(
      "warning",
      `"Host.LocalHttpAddress" of ${settingsFile} has no effect: this host listens on 127.0.0.1`,
      "Host.Startup",
    );
  return (
    options.port ?? integer(`"Host.LocalHttpPort" of ${settingsFile}`, String(LocalHttpPort ?? DEFAULT_PORT), 0, 65535)
  );
}

/** A function with a binding that is wrong is reported and left out: it would lose what it writes. */
function bindFunctions(core: CoreApi, invoker: Invoker, config: HostConfig, endpoints: DurableEndpoints): void {
  const client: Reader = (_data, trace) => ({ string: JSON.stringify(durableClientInput(endpoints, trace)) });
  const clients = new Map([...["durableclient", "orchestrationclient"].map((type) => [type, client] as const)]);
  for (const fn of core.functions.values()) {
    try {
      invoker.bind(fn.name, new FunctionBindings(fn, config, clients));
    } catch (error) {
      core.functions.delete(fn.name);
      log("error", `The '${fn.name}' function is in error: ${messageOf(error)}`, "Host.Startup");
    }
  }
}

function mountDurable(server: HttpServer, engine: Engine, config: HostConfig, endpoints: DurableEndpoints): void {
  const client = new DurableClientApi(engine.store, engine, config.durable);
  const api = new ManagementApi(client, engine.store, endpoints);
  server.mount(WEBHOOK_PATH, (exchange, rest) => api.handle(exchange, rest), ["system:durabletask_extension"]);
  server.mount(RPC_PATH, (exchange, rest) => api.handle(exchange, rest));
}

function mountAdmin(server: HttpServer, core: CoreApi, invoker: Invoker, listeners: Listeners, port: number): void {
  const machine = hostname()
    .replace(/[^a-z0-9]/gi, "")
    .toLowerCase();
  const hostId = `${machine}-${String(port)}`.slice(-32);
  const admin = new AdminApi(core, hostId, (fn, input) => adminInvoke(fn, input, invoker, listeners));
  server.mount("/admin", (exchange, rest) => admin.handle(exchange, rest), []);
  server.mount("/runtime/webhooks/blobs", (exchange) => handleBlobWebhook(exchange, listeners.blobs), [
    "system:blobs_extension",
  ]);
}

function printFunctions(core: CoreApi, routes: ReadonlyMap<string, string>): void {
  plain("\nFunctions:\n");
  for (const fn of [...core.functions.values()].toSorted((a, b) => a.name.localeCompare(b.name))) {
    plain(`\t${fn.name}: ${routes.get(fn.name) ?? fn.trigger.type}${isDisabled(fn.name) ? " (disabled)" : ""}\n`);
  }
}

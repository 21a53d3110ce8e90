import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { Database } from "./database";
import { activityData } from "./durable/activity";
import { DurableClientApi } from "./durable/client";
import { RPC_PATH, WEBHOOK_PATH, durableClientInput } from "./durable/client-input";
import { Engine } from "./durable/engine";
import { ManagementApi } from "./durable/management-api";
import { DurableStore } from "./durable/store";
import { loadHostJson } from "./host-json";
import type { HostConfig } from "./host-json";
import { AdminApi } from "./http/admin";
import { HttpTrigger } from "./http/http-trigger";
import { Keys } from "./http/keys";
import { HttpServer } from "./http/server";
import { Listeners } from "./listeners";
import { log, plain } from "./log";
import type { HostOptions } from "./options";
import { isDisabled, loadLocalSettings } from "./settings";
import { handleBlobWebhook } from "./triggers/blob-webhook";
import { CoreApi } from "./worker/core-api";
import type { RegisteredFunction, RpcTypedData } from "./worker/core-types";
import { Invoker } from "./worker/invoker";
import { loadApp } from "./worker/load-app";

const DRAIN_MS = 10_000;

/** A running host. */
export interface Host {
  readonly url: string;
  /** Accepts nothing new, lets running invocations end for a short while, and closes the state. */
  stop(): Promise<void>;
}

/** Loads the app and serves it. One host per process: it patches `Module.prototype.require`. Throws HostError. */
export async function startHost(options: HostOptions): Promise<Host> {
  const url = `http://127.0.0.1:${String(options.port)}`;
  const hostSettings = loadLocalSettings(options.settingsFile, options.settingsRequired);
  Object.assign(process.env, {
    WEBSITE_HOSTNAME: `127.0.0.1:${String(options.port)}`,
    AzureWebJobsScriptRoot: options.appDir,
  });
  process.env["AZURE_FUNCTIONS_ENVIRONMENT"] ??= "Development";
  const config = loadHostJson(options.appDir);
  for (const warning of config.warnings) log("warning", warning);
  const core = new CoreApi();
  core.install();
  const capabilities = await loadApp(core, options.appDir);
  if (config.functions)
    for (const name of core.functions.keys()) if (!config.functions.includes(name)) core.functions.delete(name);
  if (hostSettings.CORS !== undefined)
    log("warning", `"Host.CORS" of ${options.settingsFile} is ignored: this host sends no CORS headers`);

  const db = new Database(options.stateDir);
  const invoker = new Invoker(core);
  const keys = new Keys(db, options.enableAuth);
  const engine = new Engine(new DurableStore(db), invoker, core, {
    maxConcurrentActivities: config.maxConcurrentActivities,
    maxConcurrentOrchestrators: config.maxConcurrentOrchestrators,
    deliverTwice: options.deliverTwice,
    isDisabled,
  });
  const listeners = new Listeners(core.functions.values(), invoker, db, options, config);
  const server = new HttpServer(new HttpTrigger(invoker, capabilities["HttpUri"]), keys, url);
  mountDurable(server, engine, invoker, keys, config, url);
  mountAdmin(server, core, invoker, listeners, options);
  const routes = server.addFunctions(core.functions.values(), config.routePrefix);
  await server.listen(options.port);
  printFunctions(core, routes);
  engine.start();
  listeners.start();
  log(
    "information",
    `Host lock lease acquired by instance ID '${createHash("sha256").update(options.stateDir).digest("hex").slice(0, 32)}'.`,
  );
  log("information", `Host started at ${url} (process ${String(process.pid)})`);
  return {
    url,
    async stop() {
      server.close();
      listeners.stop();
      engine.stop();
      await invoker.drain(DRAIN_MS);
      // Results of what just ended are stored in the following turns.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await core.runHooks("appTerminate", { hookData: {}, appHookData: core.appHookData });
      db.close();
    },
  };
}

function mountDurable(
  server: HttpServer,
  engine: Engine,
  invoker: Invoker,
  keys: Keys,
  config: HostConfig,
  origin: string,
): void {
  const endpoints = { origin, hubName: config.hubName, key: keys.key("system:durabletask_extension") };
  const input = JSON.stringify(durableClientInput(endpoints));
  for (const type of ["durableClient", "orchestrationClient"]) invoker.provideInput(type, () => ({ string: input }));
  const client = new DurableClientApi(engine.store, engine, config.defaultVersion);
  const api = new ManagementApi(client, engine.store, endpoints);
  server.mount(WEBHOOK_PATH, (exchange, rest) => api.handle(exchange, rest), ["system:durabletask_extension"]);
  server.mount(RPC_PATH, (exchange, rest) => api.handle(exchange, rest));
}

function mountAdmin(
  server: HttpServer,
  core: CoreApi,
  invoker: Invoker,
  listeners: Listeners,
  options: HostOptions,
): void {
  const hostId = `${hostname()
    .replace(/[^a-z0-9]/gi, "")
    .toLowerCase()}-${String(options.port)}`.slice(-32);
  const admin = new AdminApi(core, hostId, (fn, input) => adminInvoke(fn, input, invoker, listeners));
  server.mount("/admin", (exchange, rest) => admin.handle(exchange, rest), []);
  server.mount("/runtime/webhooks/blobs", (exchange) => handleBlobWebhook(exchange, listeners.blobs), [
    "system:blobs_extension",
  ]);
}

/** Starts the function and does not wait for it; its result is in the log, as with the real host. */
function adminInvoke(fn: RegisteredFunction, input: string | undefined, invoker: Invoker, listeners: Listeners): void {
  const reason = "This function was programmatically called via the host APIs.";
  const timer = listeners.timers.get(fn.name);
  if (timer) return void timer.runNow();
  const blob = listeners.blobs.find((item) => item.trigger.fn === fn);
  if (blob) {
    const [, container, name] = /^([^/]+)\/(.+)$/.exec(input ?? "") ?? [];
    if (container === undefined || name === undefined)
      throw new Error(`the input of blob function ${fn.name} must be "<container>/<blob>"`);
    return blob.announce(container, name, "");
  }
  const type = fn.trigger.type.toLowerCase();
  if (type === "orchestrationtrigger" || type === "entitytrigger")
    throw new Error(`${fn.name} is started through the durable management API`);
  const trigger: RpcTypedData = type === "activitytrigger" ? activityInput(input) : { string: input ?? "" };
  invoker.invoke(fn, { trigger, reason }).catch((error: unknown) => log("debug", String(error)));
}

function activityInput(input: string | undefined): RpcTypedData {
  try {
    return activityData(JSON.stringify(JSON.parse(input ?? "null")));
  } catch {
    return { string: input ?? "" };
  }
}

function printFunctions(core: CoreApi, routes: ReadonlyMap<string, string>): void {
  plain("\nFunctions:\n");
  for (const fn of [...core.functions.values()].toSorted((a, b) => a.name.localeCompare(b.name))) {
    plain(`\t${fn.name}: ${routes.get(fn.name) ?? fn.trigger.type}${isDisabled(fn.name) ? " (disabled)" : ""}\n`);
  }
}

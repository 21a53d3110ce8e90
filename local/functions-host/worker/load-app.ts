import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import globby from "globby";
import { HostError, messageOf } from "../log";
import type { CoreApi } from "./core-api";

const WORKER_CAPABILITIES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "RawHttpBodyBytes",
    "RpcHttpTriggerMetadataRemoved",
    "RpcHttpBodyOnly",
    "IgnoreEmptyValuedRpcHttpHeaders",
    "UseNullableValueDictionaryForHttp",
    "WorkerStatus",
    "TypedDataCollection",
    "HandlesWorkerTerminateMessage",
  ].map((name) => [name, "true"]),
);

/**
 * Loads the entry points that `main` of the app's package.json names (globs allowed), then closes the registration.
 * @returns the worker's capabilities; `HttpUri` is set when the app streams HTTP.
 * @throws HostError when package.json, `main` or an entry point cannot be loaded.
 */
export async function loadApp(core: CoreApi, appDir: string): Promise<Record<string, string>> {
  for (const file of await entryPoints(appDir)) {
    try {
      await loadFile(file);
    } catch (error) {
      const stack = error instanceof Error && error.stack ? `\n${error.stack}` : "";
      throw new HostError(`Worker was unable to load entry point "${file}": ${messageOf(error)}${stack}`);
    }
  }
  await core.runHooks("appStart", { hookData: {}, appHookData: core.appHookData, functionAppDirectory: appDir });
  const model = core.programmingModel();
  core.lock();
  return (await model.getCapabilities?.({ ...WORKER_CAPABILITIES })) ?? { ...WORKER_CAPABILITIES };
}

async function entryPoints(appDir: string): Promise<string[]> {
  const file = join(appDir, "package.json");
  if (!existsSync(file)) throw new HostError(`${file} does not exist: --app must name the folder of a function app`);
  const main = mainOf(file);
  const matches = await globby(main, { cwd: appDir, absolute: true });
  if (matches.length > 0) return matches.sort();
  const plain = join(appDir, main);
  if (existsSync(plain)) return [plain];
  const reason = /[*{?[]/.test(main) ? "Found zero files matching the supplied pattern" : "File does not exist";
  throw new HostError(
    `Worker was unable to load entry point "${main}": ${reason} (package.json "main" in ${appDir}; is the app built?)`,
  );
}

function mainOf(file: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new HostError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  const main = (parsed as { main?: unknown }).main ?? "index.js";
  if (typeof main !== "string" || main === "") throw new HostError(`${file}: "main" must be a non-empty string`);
  return main;
}

async function loadFile(file: string): Promise<void> {
  if (isEsm(file)) await import(pathToFileURL(file).href);
  else createRequire(file)(file);
}

function isEsm(file: string): boolean {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest))
      return (JSON.parse(readFileSync(manifest, "utf8")) as { type?: string }).type === "module";
  }
  return false;
}

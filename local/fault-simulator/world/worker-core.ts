import Module from "node:module";

/** A function as the app registered it. */
export interface RegisteredFunction {
  readonly name: string;
  /** Binding type in lower case: `activitytrigger`, `httptrigger`, `timertrigger`, `blobtrigger`, `orchestrationtrigger`. */
  readonly type: string;
  readonly trigger: Readonly<Record<string, unknown>>;
  readonly callback: (...args: never[]) => unknown;
}

interface Metadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

let registered = new Map<string, RegisteredFunction>();
let installed = false;

function register({ name, bindings }: Metadata, callback: RegisteredFunction["callback"]): { dispose(): void } {
  if (registered.has(name)) throw new Error(`A function with id "${name}" has already been registered.`);
  const trigger = Object.values(bindings).find(({ type }) => /trigger$/i.test(String(type)));
  if (!trigger) throw new Error(`Function "${name}" has no trigger binding.`);
  registered.set(name, { name, type: String(trigger["type"]).toLowerCase(), trigger, callback });
  return { dispose: () => undefined };
}

/** Stands in for the worker: `@azure/functions` hands it every function that the app registers. Load this before the app. */
export function installWorkerCore(): void {
  if (installed) return;
  installed = true;
  const core = {
    version: "3.14.1",
    hostVersion: "4.1052.0",
    log: () => undefined,
    registerHook: () => ({ dispose: () => undefined }),
    setProgrammingModel: () => undefined,
    getProgrammingModel: () => undefined,
    registerFunction: register,
    Disposable: { from: () => ({ dispose: () => undefined }) },
  };
  const original = Reflect.get(Module.prototype, "require") as NodeJS.Require;
  const patched = function (this: NodeJS.Module, id: string): unknown {
    return id === "@azure/functions-core" ? core : Reflect.apply(original, this, [id]);
  };
  Module.prototype.require = Object.assign(patched, original);
}

/** The functions that `start` registers. */
export function registrationsOf(start: () => void): ReadonlyMap<string, RegisteredFunction> {
  registered = new Map();
  start();
  return registered;
}

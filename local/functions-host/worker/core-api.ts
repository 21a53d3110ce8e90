import Module from "node:module";
import { HostError, log, messageOf } from "../log";
import type { LogLevel } from "../log";
import type {
  Binding,
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  ProgrammingModel,
  RegisteredFunction,
} from "./core-types";

/** One line of an app's log, as the `log` hooks see it: they may change level and message of what the app's own code wrote. */
export interface LogEntry {
  level: LogLevel;
  /** `user` when the app's own code wrote it, else `system`. */
  readonly category: string;
  message: string;
  readonly invocationContext: unknown;
}

const HOOKS = ["preInvocation", "postInvocation", "appStart", "appTerminate", "log"] as const;
/** Name of a worker hook. */
export type HookName = (typeof HOOKS)[number];

/** Collects what an app registers, and is the `@azure/functions-core` that `@azure/functions` finds. */
export class CoreApi {
  readonly functions = new Map<string, RegisteredFunction>();
  readonly version = "3.14.1";
  readonly hostVersion = "4.1052.0";
  /** Shared by all hooks of the app. */
  readonly appHookData: Record<string, unknown> = {};
  private readonly hooks = new Map<HookName, HookCallback[]>();
  private model: ProgrammingModel | undefined;
  private locked = false;
  private inLogHook = false;

  /** Makes every `require("@azure/functions-core")` of this process yield this object. */
  install(): void {
    const original = Reflect.get(Module.prototype, "require") as NodeJS.Require;
    const facade = this.facade();
    const patched = function (this: NodeJS.Module, id: string): unknown {
      return id === "@azure/functions-core" ? facade : Reflect.apply(original, this, [id]);
    };
    Module.prototype.require = Object.assign(patched, original);
  }

  /** After this the app can register no more functions. */
  lock(): void {
    this.locked = true;
  }

  /** The programming model of the app. Throws a HostError when the app never loaded `@azure/functions`. */
  programmingModel(): ProgrammingModel {
    if (!this.model) throw new HostError('the app did not load "@azure/functions" (v4 programming model)');
    return this.model;
  }

  /** Runs the hooks of one kind in the order of registration. */
  async runHooks(name: HookName, context: Record<string, unknown>): Promise<void> {
    for (const hook of this.hooks.get(name) ?? []) await hook(context);
  }

  /** Passes a line through the `log` hooks and prints it. */
  log(entry: LogEntry, consoleCategory: string): void {
    const seen = { ...entry, hookData: {}, appHookData: this.appHookData };
    for (const hook of this.hooks.get("log") ?? []) this.runLogHook(hook, seen);
    const { level, message } = entry.category === "user" ? seen : entry;
    log(level, message, consoleCategory);
  }

  /** A hook that logs would call itself without end: what it logs passes no hook. */
  private runLogHook(hook: HookCallback, entry: Record<string, unknown>): void {
    if (this.inLogHook) return;
    this.inLogHook = true;
    try {
      hook(entry);
    } catch (error) {
      log("error", `a log hook of the app failed: ${messageOf(error)}`);
    } finally {
      this.inLogHook = false;
    }
  }

  private facade(): Record<string, unknown> {
    return {
      version: this.version,
      hostVersion: this.hostVersion,
      log: (level: LogLevel, category: string, message: string) =>
        this.log({ level, category, message, invocationContext: undefined }, "Worker"),
      registerHook: (name: string, callback: HookCallback) => this.registerHook(name, callback),
      setProgrammingModel: (model: ProgrammingModel) => void (this.model = model),
      getProgrammingModel: () => this.model,
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
        this.registerFunction(metadata, callback),
      Disposable: { from: () => ({ dispose: () => undefined }) },
    };
  }

  private registerHook(name: string, callback: HookCallback): { dispose(): void } {
    const known = HOOKS.find((hook) => hook === name);
    if (!known)
      throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true });
    this.hooks.set(known, [...(this.hooks.get(known) ?? []), callback]);
    return {
      dispose: () =>
        void this.hooks.set(
          known,
          (this.hooks.get(known) ?? []).filter((other) => other !== callback),
        ),
    };
  }

  private registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): { dispose(): void } {
    if (this.locked) throw new Error("A function can only be registered during app startup.");
    const { name } = metadata;
    if (this.functions.has(name)) throw new Error(`A function with id "${name}" has already been registered.`);
    const entry = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
    if (!entry) throw new Error(`Function "${name}" has no trigger binding.`);
    const [triggerKey, trigger]: [string, Binding] = entry;
    this.functions.set(name, { name, metadata, callback, triggerKey, trigger });
    return { dispose: () => void this.functions.delete(name) };
  }
}

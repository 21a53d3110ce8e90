import { invalidParameter } from "./api-error";
import { isObject, toInteger } from "./params";

const ACTIONS = [
  "429",
  "503-before",
  "503-after",
  "500",
  "drop-before",
  "drop-after",
  "slow",
  "expire-tokens",
] as const;

/** What a rule does to a request. `-before` replaces the handler, `-after` only its answer. */
export type FaultAction = (typeof ACTIONS)[number];

/** One fault to inject. */
export interface FaultRule {
  /** A request matches when its path contains `path` and its method is `method`; absent parts match all. */
  readonly match: { readonly path?: string; readonly method?: string };
  /** How many requests it still hits; absent = all. */
  times: number | undefined;
  readonly action: FaultAction;
  readonly retryAfterSeconds: number;
  readonly delayMs: number;
}

const FIELDS = new Set(["match", "times", "action", "retryAfterSeconds", "delayMs"]);

function parseRule(value: unknown, where: string): FaultRule {
  if (!isObject(value)) throw invalidParameter(`${where} must be an object.`);
  const unknown = Object.keys(value).find((key) => !FIELDS.has(key));
  if (unknown !== undefined) throw invalidParameter(`${where}.${unknown} is not a field of a fault rule.`);
  const action = ACTIONS.find((known) => known === value["action"]);
  if (!action) throw invalidParameter(`${where}.action must be one of ${ACTIONS.join(", ")}.`);
  const match = value["match"] ?? {};
  if (!isObject(match)) throw invalidParameter(`${where}.match must be an object.`);
  const text = (name: "path" | "method"): Partial<Record<"path" | "method", string>> => {
    const part = match[name];
    if (part !== undefined && typeof part !== "string")
      throw invalidParameter(`${where}.match.${name} must be a string.`);
    return part === undefined ? {} : { [name]: part };
  };
  return {
    match: { ...text("path"), ...text("method") },
    times: toInteger(value["times"], `${where}.times`),
    action,
    retryAfterSeconds: toInteger(value["retryAfterSeconds"], `${where}.retryAfterSeconds`) ?? 1,
    delayMs: toInteger(value["delayMs"], `${where}.delayMs`) ?? 1000,
  };
}

/** Reads fault rules: a list, one rule, or `{rules: […]}`. Throws 400 that names the field. */
export function parseFaultRules(value: unknown): FaultRule[] {
  const rules = isObject(value) && "rules" in value ? value["rules"] : value;
  return (Array.isArray(rules) ? rules : [rules]).map((rule: unknown, index) => parseRule(rule, `rules[${index}]`));
}

/** The fault switch: rules are used in order, the first that matches hits. */
export class FaultSwitch {
  private rules: FaultRule[] = [];

  add(rules: readonly FaultRule[]): void {
    this.rules.push(...rules);
  }

  clear(): void {
    this.rules = [];
  }

  list(): readonly FaultRule[] {
    return this.rules;
  }

  /** The rule that hits a request; counts it. The switch itself is never hit. */
  take(method: string, path: string): FaultRule | undefined {
    if (path.startsWith("/internal/faults")) return undefined;
    const hit = this.rules.find(
      ({ match, times }) =>
        (times ?? 1) > 0 && path.includes(match.path ?? "") && (match.method ?? method).toUpperCase() === method,
    );
    if (hit?.times !== undefined) hit.times -= 1;
    this.rules = this.rules.filter((rule) => rule.times === undefined || rule.times > 0);
    return hit;
  }
}

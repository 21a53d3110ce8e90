import type { AnswerFault, AnswerFaultRates } from "../databricks/databricks-port";
import type { RunFate } from "../databricks/model-run";
import { Chance } from "../kernel/chance";
import type { FaultRates, PortName } from "../kernel/wire";
import type { DefinitionFile } from "./app-code";
import { drawAmbush, lateItems, withOthers, type Ambush, type LateAmbush } from "./ambush";
import { VARIANTS, type Variant } from "./definitions";
import { dataVerbItems, type DataVerbItem } from "./curators";
import { verbItems, type VerbItem } from "./operators";

/** What happens from outside in a schedule. `after` is milliseconds from its begin. */
export type PlanItem = VerbItem | DataVerbItem | OtherItem;
type OtherItem = { readonly after: number } & (
  | {
      readonly kind: "drop";
      readonly day: string;
      readonly nature: DropNature;
      /** Blob events: none = lost; more than one = doubled; each after so many milliseconds. */
      readonly events: readonly number[];
    }
  | { readonly kind: "deleteDrop"; readonly day: string }
  | {
      readonly kind: "request";
      readonly pipeline: string;
      readonly days: readonly [string, string] | null;
      readonly rerun: boolean;
      readonly key: string | null;
      /** Callers that ask for the same at once. */
      readonly times: number;
      /** Asks again until the ledger has a run of the pipeline. */
      readonly persists?: boolean;
    }
  | { readonly kind: "cancel" | "retry"; readonly nth: number }
  | { readonly kind: "kill"; readonly downMs: number; readonly change: Change }
  | { readonly kind: "jump"; readonly ms: number }
  | { readonly kind: "storageOutage"; readonly ms: number }
  | { readonly kind: "databricksOutage"; readonly ms: number; readonly answer: AnswerFault }
  | { readonly kind: "terminateInstance" | "loseInstance"; readonly nth: number }
  | ({ readonly kind: "atStart" } & Ambush)
  | ({ readonly kind: "atRelease" | "atRunNow" } & LateAmbush)
  | { readonly kind: "deleteRun" | "cancelRun" | "repairRun" | "twinRun" | "webhook"; readonly nth: number }
  | { readonly kind: "promote" }
);

/** What is special about a drop. */
export type DropNature = "plain" | "large" | "largeFails" | "archived" | "customerKey";

/** What is different after a restart. */
export type Change =
  | { readonly kind: "none" }
  | { readonly kind: "definitions"; readonly variant: Variant }
  | { readonly kind: "newerRows"; readonly on: boolean };

/** What a schedule fixes that others leave to chance: how each run of a step ends, and the definitions. */
export interface Script {
  readonly definitions: readonly DefinitionFile[];
  /** A fate that lasts for ever is ended by a person's cancel. */
  readonly fate: (pipeline: string, step: string, generation: number) => RunFate;
}

/** A schedule: everything that its seed decides beforehand. */
export interface Plan {
  readonly seed: number;
  readonly startsAt: number;
  readonly lengthMs: number;
  readonly wire: Readonly<Partial<Record<PortName, FaultRates>>>;
  readonly answers: AnswerFaultRates;
  readonly replays: number;
  readonly twice: number;
  readonly sweepEveryMinutes: number;
  readonly timerLost: number;
  readonly timerTwice: number;
  /** Weights of bad endings of Databricks runs; 1 = all of them now and then. */
  readonly badEndings: number;
  readonly lags: boolean;
  readonly oddWords: number;
  readonly slowRuns: number;
  readonly champion: boolean;
  readonly listsParameters: boolean;
  readonly items: readonly PlanItem[];
  readonly script?: Script;
}

const MINUTE = 60_000;
const START = Date.parse("2026-03-02T00:00:00.000Z");
export const DAYS = ["2026-02-20", "2026-02-21", "2026-02-22", "2026-02-23", "2026-02-24"] as const;

const PROFILES: readonly Pick<Plan, "wire" | "answers">[] = [
  { wire: {}, answers: {} },
  { wire: { table: { lose: 0.004, refuse: 0.004, repeat: 0.004 } }, answers: { "500": 0.01, "503-after": 0.02 } },
  {
    wire: {
      table: { lose: 0.01, refuse: 0.02, repeat: 0.01, slow: 0.02 },
      blob: { lose: 0.02, refuse: 0.02, repeat: 0.01, slow: 0.02 },
      durable: { lose: 0.02, refuse: 0.02, slow: 0.02 },
      notifier: { refuse: 0.3, lose: 0.1 },
    },
    answers: {},
  },
  {
    wire: { jobs: { lose: 0.05, refuse: 0.03, slow: 0.02 }, notifier: { refuse: 0.5 } },
    answers: {
      "429": 0.04,
      "500": 0.02,
      "503-after": 0.08,
      "401": 0.01,
      "403": 0.01,
      "404-proxy": 0.02,
      "404-path": 0.01,
      "no-json": 0.02,
    },
  },
  {
    wire: { table: { slow: 0.05, repeat: 0.02 }, blob: { slow: 0.1 }, jobs: { lose: 0.1, slow: 0.05 } },
    answers: { "503-after": 0.2, "403": 0.05, "404-proxy": 0.05 },
  },
];

/** Draws a schedule from its seed. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed, "plan");
  const lengthMs = Math.round(chance.skewed(5 * MINUTE, 45 * MINUTE));
  return {
    seed,
    startsAt: START + chance.whole(0, 24 * 60 - 1) * MINUTE + chance.whole(0, 59_999),
    lengthMs,
    ...chance.pick(PROFILES),
    replays: chance.pick([0.005, 0.02, 0.15]),
    twice: chance.pick([0, 0.02, 0.25]),
    sweepEveryMinutes: chance.pick([1, 2, 5, 10]),
    timerLost: chance.pick([0, 0, 0.3]),
    timerTwice: chance.pick([0, 0, 0.2]),
    badEndings: chance.pick([0, 0.05, 0.3]),
    lags: chance.happens(0.5),
    oddWords: chance.pick([0, 0, 0.1]),
    slowRuns: chance.pick([0, 0.1, 0.3]),
    champion: chance.happens(0.8),
    listsParameters: chance.happens(0.6),
    items: [
      ...withOthers(seed, items(chance, lengthMs)),
      ...verbItems(seed, lengthMs),
      ...dataVerbItems(seed, lengthMs),
      ...lateItems(seed, lengthMs),
    ].sort((a, b) => a.after - b.after),
  };
}

function items(chance: Chance, lengthMs: number): PlanItem[] {
  const made: PlanItem[] = [];
  const some = (low: number, high: number, make: (after: number) => PlanItem): void => {
    const count = chance.whole(low, high);
    for (let index = 0; index < count; index += 1) made.push(make(Math.floor(chance.next() * lengthMs)));
  };
  some(1, 5, (after) => drop(chance, after));
  if (chance.happens(0.2)) some(1, 1, (after) => ({ after, kind: "deleteDrop", day: chance.pick(DAYS) }));
  some(0, 2, (after) => request(chance, after));
  if (chance.happens(0.25)) some(1, 2, (after) => ({ after, kind: "cancel", nth: chance.whole(0, 3) }));
  if (chance.happens(0.4)) some(1, 2, (after) => ({ after, kind: "retry", nth: chance.whole(0, 3) }));
  if (chance.happens(0.6)) some(1, 3, (after) => kill(chance, after));
  if (chance.happens(0.1))
    some(1, 1, (after) => ({ after, kind: "jump", ms: Math.round(chance.skewed(MINUTE, 10 * 60 * MINUTE)) }));
  if (chance.happens(0.2))
    some(1, 1, (after) => ({ after, kind: "storageOutage", ms: Math.round(chance.skewed(5_000, 20 * MINUTE)) }));
  if (chance.happens(0.25)) some(1, 2, (after) => outage(chance, after));
  if (chance.happens(0.1)) some(1, 1, (after) => ({ after, kind: "terminateInstance", nth: chance.whole(0, 5) }));
  if (chance.happens(0.1)) some(1, 1, (after) => ({ after, kind: "loseInstance", nth: chance.whole(0, 5) }));
  if (chance.happens(0.25))
    some(1, 2, (after) => ({ after, kind: "atStart", twin: false, deleted: false, ...drawAmbush(chance) }));
  for (const kind of ["deleteRun", "cancelRun", "repairRun", "twinRun", "webhook"] as const)
    if (chance.happens(0.08)) some(1, 1, (after) => ({ after, kind, nth: chance.whole(0, 5) }));
  if (chance.happens(0.3)) some(1, 1, (after) => ({ after, kind: "promote" }));
  return made.sort((a, b) => a.after - b.after);
}

function drop(chance: Chance, after: number): PlanItem {
  const nature = chance.weighted<DropNature>({ plain: 90, large: 5, largeFails: 2, archived: 2, customerKey: 1 });
  const events = chance.weighted({ one: 80, lost: 8, two: 12 });
  const late = (): number => Math.round(chance.skewed(200, chance.happens(0.1) ? 30 * MINUTE : 5_000));
  return {
    after,
    kind: "drop",
    day: chance.pick(DAYS),
    nature,
    events: events === "lost" ? [] : events === "one" ? [late()] : [late(), late()],
  };
}

function request(chance: Chance, after: number): PlanItem {
  const pipeline = chance.weighted({ scoring: 6, rescoring: 2, training: 2 });
  const first = chance.whole(0, DAYS.length - 1);
  const days = [DAYS[first] ?? DAYS[0], "2026-02-25"] as const;
  const windowed = pipeline !== "training" && chance.happens(0.6);
  const key = chance.happens(0.4) ? `person-key-${chance.whole(1, 3)}-of-Ada-Lovelace` : null;
  return {
    after,
    kind: "request",
    pipeline,
    days: windowed ? days : null,
    rerun: chance.happens(0.25),
    key,
    times: chance.weighted({ "1": 8, "2": 2, "6": 1 }) === "1" ? 1 : chance.pick([2, 6]),
  };
}

function kill(chance: Chance, after: number): PlanItem {
  const change = chance.weighted({ none: 16, definitions: 2, newerRows: 1 });
  const downMs = Math.round(chance.skewed(500, chance.happens(0.15) ? 40 * MINUTE : 20_000));
  if (change === "definitions")
    return { after, kind: "kill", downMs, change: { kind: change, variant: chance.pick(VARIANTS) } };
  if (change === "newerRows") return { after, kind: "kill", downMs, change: { kind: change, on: chance.happens(0.5) } };
  return { after, kind: "kill", downMs, change: { kind: "none" } };
}

function outage(chance: Chance, after: number): PlanItem {
  const answer = chance.weighted<AnswerFault>({
    "500": 3,
    "503-after": 3,
    "401": 2,
    "403": 2,
    "404-proxy": 2,
    "404-path": 1,
    "no-json": 1,
    "429": 1,
  });
  return { after, kind: "databricksOutage", ms: Math.round(chance.skewed(10_000, 30 * MINUTE)), answer };
}

import { FOREVER_MS, type RunFate } from "../databricks/model-run";
import type { DefinitionFile } from "../world/app-code";
import { definitionFiles } from "../world/definitions";
import { Chance } from "../kernel/chance";
import { DAYS, type Plan, type PlanItem } from "../world/plan";

/** How a run of one step ends, in the simulator and with real processes. `hangs`: it goes on until the run is cancelled. */
export type SmallEnding = "success" | "code" | "platform" | "noExit" | "countsDisagree" | "hangs";

/**
 * A schedule whose end does not depend on how fast things go: what is dropped and asked for, how each Databricks run ends, and when
 * the host is killed. The same plan is played by the simulator and by real processes, and both must end in the same ledger.
 */
export interface SmallPlan {
  readonly seed: number;
  readonly drops: readonly { readonly after: number; readonly day: string }[];
  readonly request: { readonly after: number; readonly window: readonly [string, string] } | null;
  /** By `<step> <generation>`, of the run that takes the drops. */
  readonly endings: ReadonlyMap<string, SmallEnding>;
  /** Milliseconds from the begin. */
  readonly kills: readonly number[];
}

const STEPS = ["ingestion", "features", "scoring"] as const;
/** All drops come within this time, and the batch waits for quiet for longer than one kill takes: they end in one batch. */
const DROPS_WITHIN_MS = 1_000;
const KILLS_WITHIN_MS = 25_000;

export function smallPlanOf(seed: number): SmallPlan {
  const chance = new Chance(seed, "small plan");
  const days = DAYS.slice(0, chance.whole(1, DAYS.length));
  const endings = new Map<string, SmallEnding>();
  for (const step of STEPS) {
    const bad = chance.happens(0.35)
      ? chance.weighted<Exclude<SmallEnding, "success">>({
          platform: 6,
          code: 2,
          noExit: 1,
          countsDisagree: 1,
          hangs: 2,
        })
      : "success";
    endings.set(`${step} 1`, bad === "countsDisagree" && step !== "ingestion" ? "code" : bad);
    if (bad === "platform" && chance.happens(0.3)) endings.set(`${step} 2`, "platform");
  }
  return {
    seed,
    drops: days.map((day) => ({ after: chance.whole(0, DROPS_WITHIN_MS), day })),
    request: chance.happens(0.5) ? { after: chance.whole(0, 5_000), window: [DAYS[0], "2026-02-25"] } : null,
    endings,
    kills: Array.from({ length: chance.whole(1, 2) }, () => chance.whole(1_500, KILLS_WITHIN_MS)).sort((a, b) => a - b),
  };
}

/** How the run of a step of a pipeline ends. */
export function endingOf(plan: SmallPlan, pipeline: string, step: string, generation: number): SmallEnding {
  return (/^scoring/.test(pipeline) && plan.endings.get(`${step} ${generation}`)) || "success";
}

function fateOf(ending: SmallEnding): RunFate {
  const hangs = ending === "hangs";
  const lags = { oddWord: null, outputLagMs: 0, getLagMs: 0, listLagMs: 0 };
  return { queuedMs: 100, runningMs: hangs ? FOREVER_MS : 1_000, ending: hangs ? "success" : ending, ...lags };
}

/** Definition files for one plan: those of the simulator at the pace of a test, named and routed apart by `suffix`. */
export function smallDefinitions(suffix: string): DefinitionFile[] {
  return definitionFiles("plain").map(({ text }) => {
    const definition = JSON.parse(text) as Record<string, unknown> & { name: string; steps: Record<string, unknown>[] };
    const name = `${definition.name}${suffix}`;
    const drops = definition["drops"] as Record<string, unknown> | undefined;
    const quick = {
      ...definition,
      name,
      schedule: undefined,
      concurrencyGroup: `${String(definition["concurrencyGroup"])}${suffix}`,
      steps: definition.steps.map((step) => ({
        ...step,
        retry: { maxGenerations: 3, firstDelaySeconds: 1, backoff: 1 },
      })),
      ...(drops && {
        drops: {
          ...drops,
          pathPattern: `^${folderOf(suffix)}(?<source>telemetry|errors)/.+\\.csv$`,
          quietPeriodSeconds: 8,
          maxWaitSeconds: 60,
          // A failed batch stays where it is: within the time of a test nobody takes it over.
          retakeAfterSeconds: 2_592_000,
        },
      }),
    };
    return { file: `${name}.json`, text: JSON.stringify(quick) };
  });
}

const folderOf = (suffix: string): string => (suffix === "" ? "" : `${suffix.slice(1)}/`);

/** Where the drop of a day lies. */
export const pathOfDrop = (suffix: string, day: string): string => `${folderOf(suffix)}telemetry/${day}.csv`;

/** The plan as the simulator plays it, in a calm world but for the kills and a storage and a Databricks that repeat and lose answers. */
export function simulatedPlan(plan: SmallPlan): Plan {
  const { seed, drops, request, kills } = plan;
  const items: PlanItem[] = [
    ...drops.map(({ after, day }): PlanItem => ({ after, kind: "drop", day, nature: "plain", events: [500] })),
    ...(request === null
      ? []
      : [
          {
            after: request.after,
            kind: "request",
            pipeline: "rescoring",
            days: request.window,
            rerun: false,
            key: "small-plan",
            times: 1,
            persists: true,
          } as const,
        ]),
    ...kills.map((after): PlanItem => ({ after, kind: "kill", downMs: 1_000, change: { kind: "none" } })),
  ];
  return {
    seed,
    script: {
      definitions: smallDefinitions(""),
      fate: (pipeline, step, generation) => fateOf(endingOf(plan, pipeline, step, generation)),
    },
    startsAt: Date.parse("2026-03-02T00:00:30.000Z"),
    lengthMs: 5 * 60_000,
    wire: { table: { lose: 0.005, refuse: 0.005, repeat: 0.005 } },
    answers: { "500": 0.01, "503-after": 0.03 },
    replays: 0.05,
    twice: 0.05,
    sweepEveryMinutes: 1,
    timerLost: 0,
    timerTwice: 0,
    badEndings: 0,
    lags: false,
    oddWords: 0,
    slowRuns: 0,
    champion: true,
    listsParameters: true,
    items: items.sort((a, b) => a.after - b.after),
  };
}

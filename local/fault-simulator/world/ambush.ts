import { Chance } from "../kernel/chance";
import type { PlanItem } from "./plan";

/** What happens around the next start of a Databricks run, which is the worst moment for it. Times are milliseconds behind the start. */
export interface Ambush {
  /** The run of the app is cancelled. */
  readonly cancelAfter: number | null;
  /** The host dies; it is back a moment later. */
  readonly killAfter: number | null;
  /** Calls of run-now are carried out and not answered for so long. */
  readonly blindMs: number;
  /** Lists do not show the new run for so long. */
  readonly listLagMs: number;
  /** The new run goes on for long in a state that nobody knows, and its orchestration is lost after so long. */
  readonly lostAfter: number | null;
  /** Another deployment runs the same job for a run of the same id at that moment. */
  readonly twin: boolean;
  /** The run is short, and a person deletes it in the workspace as soon as it has ended. */
  readonly deleted: boolean;
}

/** What befalls one message, when it is next sent: the release of a slot that nobody waits for, or a run-now. */
export interface LateAmbush {
  /** The host dies as it sends it, and is back after so long. */
  readonly downMs: number;
  /** The message of the dead host arrives after so long, when much has happened. */
  readonly lateMs: number;
}

/** What others do in the workspace in some ambushes. It has chance of its own, so that what else a seed decides stays as it was. */
export function withOthers(seed: number, made: readonly PlanItem[]): PlanItem[] {
  const chance = new Chance(seed, "others");
  const drawn = () => ({ twin: chance.happens(0.3), deleted: chance.happens(0.25) });
  return made.map((item) => (item.kind === "atStart" ? { ...item, ...drawn() } : item));
}

/** Messages that arrive late, with chance of their own. */
export function lateItems(seed: number, lengthMs: number): PlanItem[] {
  const chance = new Chance(seed, "release");
  const release = chance.happens(0.1);
  const [downMs, lateMs] = [chance.whole(200, 3_000), chance.whole(12_000, 45_000)];
  const after = Math.floor(chance.next() * lengthMs);
  if (release) return [{ after, kind: "atRelease", downMs, lateMs }];
  // Longer than the network is assumed to hold a message back, and than the app looks for its run.
  if (chance.happens(0.06)) return [{ after, kind: "atRunNow", downMs, lateMs: chance.whole(10, 25) * 60_000 }];
  return [];
}

/** The two in which the app knows least come often: no answer for longer than the client tries, and a crash before the answer. */
export function drawAmbush(chance: Chance): Omit<Ambush, "twin" | "deleted"> {
  const listLagMs = chance.whole(20_000, 58_000);
  switch (chance.weighted({ blind: 3, crash: 3, lost: 2, any: 4 })) {
    case "blind":
      return {
        cancelAfter: chance.whole(2_000, 45_000),
        killAfter: null,
        blindMs: chance.whole(20_000, 60_000),
        listLagMs,
        lostAfter: null,
      };
    case "crash": {
      const killAfter = chance.whole(5, 1_500);
      return {
        cancelAfter: chance.whole(1, killAfter),
        killAfter,
        blindMs: chance.whole(0, 5_000),
        listLagMs,
        lostAfter: null,
      };
    }
    case "lost":
      return { cancelAfter: null, killAfter: null, blindMs: 0, listLagMs: 0, lostAfter: chance.whole(20_000, 90_000) };
    case "any":
      return {
        lostAfter: null,
        cancelAfter: chance.happens(0.6) ? Math.round(chance.skewed(5, 40_000)) : null,
        killAfter: chance.happens(0.4) ? Math.round(chance.skewed(5, 5_000)) : null,
        blindMs: chance.happens(0.5) ? chance.whole(100, 60_000) : 0,
        listLagMs: chance.happens(0.6) ? chance.whole(100, 55_000) : 0,
      };
  }
}

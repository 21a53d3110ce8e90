import { setFlagsFromString } from "node:v8";
import { Chance } from "../kernel/chance";
import { seal, type Sources } from "../kernel/seal";
import { AppCode } from "./app-code";
import { planOf, type Plan } from "./plan";
import { play, type Played } from "./play";
import type { World } from "./world";

/** Schedules that are played and forgotten. */
const WARM_UP = [4, 5];

/** Plays schedules one after the other with one compiled app, in a process whose clock and chance it owns until `close`. */
export class Player {
  private readonly app: AppCode;
  private readonly unseal: () => void;
  private world: World | null = null;

  constructor(folder: string) {
    quicken();
    this.app = new AppCode(folder);
    // Outside of a schedule nobody but this process itself asks, and it asks for nothing.
    const idle: Sources = {
      now: () => 0,
      chance: new Chance(0),
      later: (_ms, run) => ({ at: 0, order: 0, run, cancelled: false }),
    };
    this.unseal = seal(() => this.world?.sources ?? idle);
    // Libraries draw from chance when they are first used: that must not befall the first schedule alone.
    for (const seed of WARM_UP) this.play(planOf(seed));
  }

  play(plan: Plan, traced = false): Played {
    const enter = (world: World): void => {
      this.world = world;
    };
    return play(this.app, plan, enter, traced);
  }

  close(): void {
    this.unseal();
  }
}

/** Much of the app's code runs a few times in a schedule only: it is compiled early, and errors of the wire carry no stack. */
function quicken(): void {
  setFlagsFromString("--always-sparkplug");
  setFlagsFromString("--invocation-count-for-maglev=150");
  Error.stackTraceLimit = 0;
}

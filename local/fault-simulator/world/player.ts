import { Chance } from "../kernel/chance";
import { seal } from "../kernel/seal";
import { AppCode } from "./app-code";
import type { Plan } from "./plan";
import { play, type Played } from "./play";
import type { World } from "./world";

/** Plays schedules one after the other with one compiled app, in a process whose clock and chance it owns until `close`. */
export class Player {
  private readonly app: AppCode;
  private readonly unseal: () => void;
  private world: World | null = null;

  constructor(folder: string) {
    this.app = new AppCode(folder);
    const none = new Chance(0);
    this.unseal = seal(() => ({ now: () => this.world?.kernel.now ?? 0, chance: this.world?.kernel.entropy ?? none }));
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

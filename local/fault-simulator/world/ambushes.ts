import type { RunFate } from "../databricks/model-run";
import { isFinished } from "../durable/task-hub";
import type { WireCall } from "../kernel/wire";
import type { Ambush, LateAmbush } from "./ambush";
import { isClosedRun, slotsOf } from "./ledger-view";
import type { People } from "./people";
import { DAYS } from "./plan";
import type { Workspace } from "./workspace";
import type { World } from "./world";

/** Lets the worst happen at the worst moments. */
export class Ambushes {
  constructor(
    private readonly world: World,
    private readonly workspace: Workspace,
    private readonly people: Pick<People, "change" | "request" | "restart">,
  ) {}

  /** Waits for the next start of a Databricks run. */
  atStart(ambush: Ambush): void {
    this.world.ambushes.push((runId) => this.spring(ambush, runId));
  }

  /** Waits for the next release of a slot that nobody waits for; its message then arrives when others have the slot and wait. */
  atRelease({ downMs, lateMs }: LateAmbush): void {
    const { kernel, wire } = this.world;
    const spring = (): void => {
      this.world.kill({ kind: "none" });
      kernel.after(downMs, () => this.people.restart());
      for (const [index, day] of DAYS.slice(0, 3).entries())
        kernel.after(downMs + 500 * (index + 1), () => this.rescore(day));
    };
    wire.snare = { matches: (call) => this.isRelease(call), lateMs, spring };
  }

  /** Waits for the next run-now: what is open is cancelled, the host dies, and the call arrives when nobody expects it any more. */
  atRunNow({ downMs, lateMs }: LateAmbush): void {
    const { world } = this;
    const { kernel, wire } = world;
    const spring = (): void => {
      for (const [nth, row] of [...world.watch.view.runs.values()].entries())
        if (!isClosedRun(row)) this.people.change("cancel", nth);
      kernel.after(1_000, () => {
        world.kill({ kind: "none" });
        kernel.after(downMs, () => this.people.restart());
      });
    };
    const arriving = (now: boolean): void => {
      world.strayArrives = now;
    };
    wire.snare = { matches: ({ verb }) => verb === "POST run-now", lateMs, spring, arriving };
  }

  private rescore(day: string): void {
    const days = [day, "2026-02-25"] as const;
    const asked = { kind: "request", after: 0, pipeline: "rescoring", days, rerun: true, key: null, times: 1 } as const;
    this.people.request(asked);
  }

  private isRelease({ port, verb, what }: WireCall<unknown>): boolean {
    if (port !== "table" || verb !== "transact") return false;
    const group = /^\S+ merge (\S+) slot$/.exec(what())?.[1];
    return slotsOf(this.world.tables.values()).some((slot) => slot.group === group && slot.holder !== "");
  }

  /** A run of the app is just starting a Databricks run: the moment at which the least is known. */
  private spring(ambush: Ambush, runId: string): Partial<RunFate> {
    const { cancelAfter, killAfter, blindMs, listLagMs, lostAfter, twin, deleted } = ambush;
    const { world } = this;
    const { kernel, databricks } = world;
    kernel.trace.add(
      "simulator",
      "run-now arrives: the ambush begins",
      JSON.stringify({ blindMs, listLagMs }),
      "event",
    );
    databricks.blindUntil = kernel.now + blindMs;
    if (cancelAfter !== null) kernel.after(cancelAfter, () => this.changeNewest("cancel"));
    if (killAfter !== null)
      kernel.after(killAfter, () => {
        world.kill({ kind: "none" });
        kernel.after(kernel.latency.skewed(200, 10_000), () => this.people.restart());
      });
    if (lostAfter !== null) kernel.after(lostAfter, () => this.loseOrchestration(runId));
    // A moment later, when the new run is there.
    if (twin) kernel.after(0, () => this.workspace.twinOfNewest());
    if (deleted) kernel.after(0, () => this.workspace.deleteNewestAtItsEnd());
    const odd = { oddWord: "MIGRATING", queuedMs: 500, runningMs: 30 * 60_000 };
    const short = { queuedMs: 500, runningMs: 3_000 };
    return { ...(deleted && short), ...(listLagMs > 0 && { listLagMs }), ...(lostAfter !== null && odd) };
  }

  private loseOrchestration(runId: string): void {
    const { hub, kernel } = this.world;
    for (const instance of hub.instances.values()) {
      if (!instance.id.includes(runId) || isFinished(instance)) continue;
      kernel.trace.add("people", `terminate ${instance.id}`, "", "event");
      hub.finish(instance, "Terminated", "by a person");
    }
  }

  private changeNewest(what: "cancel"): void {
    const started = [...this.world.jobs.runs.values()].filter((run) => !run.foreign).at(-1);
    const rows = [...this.world.watch.view.runs.keys()];
    const nth = rows.indexOf(started?.parameters["run_id"] ?? "");
    if (nth >= 0) this.people.change(what, nth);
  }
}

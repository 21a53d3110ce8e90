import { isActive, type ModelRun } from "../databricks/model-run";
import { DEPLOYMENT_ID, TWIN_DEPLOYMENT_ID } from "./settings";
import type { World } from "./world";

/** What people and another deployment do in the Databricks workspace, behind the app's back. */
export class Workspace {
  constructor(private readonly world: World) {}

  act(kind: "deleteRun" | "cancelRun" | "repairRun" | "twinRun", nth: number): void {
    const { jobs, kernel } = this.world;
    const candidates = this.ours().filter((run) =>
      kind === "cancelRun" || kind === "twinRun" ? isActive(run) : !isActive(run),
    );
    const run = candidates[nth % Math.max(1, candidates.length)];
    if (!run) return;
    if (kind === "deleteRun") jobs.delete(run);
    else if (kind === "repairRun") jobs.repair(run);
    else if (kind === "cancelRun") {
      kernel.trace.add("people", `cancel run ${run.runId} in the workspace`, "", "event");
      jobs.stop(run);
    } else this.twin(run);
  }

  /** A person tidies up before the app has seen how the run ended. */
  deleteNewestAtItsEnd(): void {
    const run = this.ours().at(-1);
    if (!run) return;
    this.world.kernel.after(run.fate.queuedMs + run.fate.runningMs + 1, () => {
      if (!isActive(run)) this.world.jobs.delete(run);
    });
  }

  twinOfNewest(): void {
    const newest = this.ours().at(-1);
    if (newest) this.twin(newest);
  }

  /** Runs of the app that are still there. */
  ours(): ModelRun[] {
    return [...this.world.jobs.runs.values()].filter((run) => !run.foreign && !run.deleted);
  }

  /** Another deployment, from a copy of our tables, runs the same job for a run of the same id. */
  private twin(run: ModelRun): void {
    const parameters = Object.entries(run.parameters).map(([name, value]) => [
      name,
      value === DEPLOYMENT_ID ? TWIN_DEPLOYMENT_ID : value,
    ]);
    if (!Object.values(run.parameters).includes(DEPLOYMENT_ID)) return;
    this.world.jobs.begin(run.jobName, Object.fromEntries(parameters) as Record<string, string>);
  }
}

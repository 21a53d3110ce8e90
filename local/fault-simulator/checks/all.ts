import { isActive } from "../databricks/model-run";
import { isFinished } from "../durable/task-hub";
import { isClosedRun, slotsOf, textOf } from "../world/ledger-view";
import type { People } from "../world/people";
import type { Triggers } from "../world/triggers";
import type { World } from "../world/world";
import { checkDrops } from "./drops";
import { checkMessages } from "./messages";
import { checkPoints } from "./points";
import { checkSecrets } from "./secrets";

/** Calls to storage and Databricks that an idle pass of the sweeper may make, whatever happened before. */
const MAX_IDLE_CALLS = 90;

/** Looks at a world from outside after its schedule. `settled` = it came to rest in time. */
export function checkAll(world: World, people: People, triggers: Triggers, settled: boolean): void {
  checkLiveness(world, settled);
  checkDrops(world);
  checkPoints(world);
  checkMessages(world);
  checkSecrets(world, people);
  people.operators.check();
  const calls = triggers.lastPass?.calls ?? 0;
  if (settled && calls > MAX_IDLE_CALLS)
    world.kernel.violate("R5", "idle-minute-costs", `an idle pass of the sweeper makes ${calls} calls`);
}

/** I12: once faults stop, every run, slot and orchestration comes to its end. */
function checkLiveness({ kernel, hub, jobs, tables, watch }: World, settled: boolean): void {
  for (const row of watch.view.runs.values()) {
    if (isClosedRun(row)) continue;
    kernel.violate(
      "I12",
      "run-never-ends",
      `${textOf(row, "runId")} is still ${textOf(row, "state")} hours after the last fault`,
    );
  }
  for (const { group, holder, waiting } of slotsOf(tables.values())) {
    if (holder !== "") kernel.violate("I12", "slot-never-free", `the slot of ${group} is still held by ${holder}`);
    if (waiting.length > 0)
      kernel.violate("I12", "ticket-never-served", `${waiting.join(", ")} still wait for ${group}`);
  }
  for (const instance of hub.instances.values())
    if (!isFinished(instance))
      kernel.violate("I12", "orchestration-never-ends", `${instance.id} is still ${instance.status}`);
  for (const run of jobs.runs.values())
    if (isActive(run) && !run.foreign)
      kernel.violate("I12", "databricks-run-never-ends", `run ${run.runId} is still ${run.phase}`);
  for (const row of watch.view.generations.values())
    if (row["terminal"] !== true && textOf(row, "needsPerson") === "")
      kernel.violate(
        "I12",
        "generation-never-settled",
        `generation ${textOf(row, "generation")} of step ${textOf(row, "step")} of ${textOf(row, "runId")} is not settled`,
      );
  if (!settled && kernel.violations.length === 0)
    kernel.violate("I12", "never-at-rest", "the sweeper still finds something to write");
}

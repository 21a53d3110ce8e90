import { app, type InvocationContext, type Timer } from "@azure/functions";
import * as df from "durable-functions";
import { faultText } from "../runs/databricks-call";
import { sweepBackfills } from "../sweeps/backfills";
import { sweepGenerations, sweepUnownedRuns } from "../sweeps/databricks-runs";
import type { SweepDeps, SweepPass } from "../sweeps/deps";
import { scanContainers } from "../sweeps/containers";
import { sweepClaims, sweepPendingDrops } from "../sweeps/drops";
import { sweepLateRuns } from "../sweeps/late-runs";
import { sweepOpenRuns } from "../sweeps/open-runs";
import { sweepMessages } from "../sweeps/messages";
import { sweepReleases } from "../sweeps/releases";
import { sweepRetention } from "../sweeps/retention";
import { sweepSchedules } from "../sweeps/schedules";
import { sweepSlots } from "../sweeps/slots";
import { isLive, type OrchestrationStarter } from "../domain/orchestration-starter";
import { createLogger, withInvocationLog } from "../logging/logger";

/** What the sweeper needs. */
export interface SweeperDeps extends SweepDeps {
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
  readonly now: () => Date;
}

/** Sweeps that ask Databricks run every so many minutes. */
const SLOW_EVERY_MINUTES = 5;

type Sweep = readonly [name: string, work: (pass: SweepPass) => Promise<void>];

const EVERY_MINUTE: readonly Sweep[] = [
  ["open runs", sweepOpenRuns],
  ["generations", sweepGenerations],
  ["slots", sweepSlots],
  ["claims", sweepClaims],
  ["schedules", sweepSchedules],
  ["late runs", sweepLateRuns],
  ["backfills", sweepBackfills],
  ["messages", sweepMessages],
  ["releases", sweepReleases],
  ["container scan", scanContainers],
];
const SLOW: readonly Sweep[] = [
  ["unowned runs", sweepUnownedRuns],
  ["retention", sweepRetention],
];
/** Last, so that it sees what the others gave back. */
const PENDING: Sweep = ["pending drops", sweepPendingDrops];

/** Repairs what nobody owns. One sweep that fails does not stop the others; the invocation fails at the end. */
export function createSweeper({ starterFor, now, ...deps }: SweeperDeps) {
  return async (_timer: Timer, context: InvocationContext): Promise<void> => {
    const log = createLogger(context);
    await deps.activities.ledger.registry.registerAll(deps.definitions);
    const pass: SweepPass = { ...deps, log, starter: starterFor(context), isLive };
    const slow = now().getUTCMinutes() % SLOW_EVERY_MINUTES === 0;
    const faults: unknown[] = [];
    for (const [name, work] of [...EVERY_MINUTE, ...(slow ? SLOW : []), PENDING]) {
      try {
        await withInvocationLog(context, async () => {
          await work(pass);
        });
      } catch (error) {
        log.error("sweep failed", { sweep: name, fault: faultText(error) });
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} sweeps failed`);
  };
}

/** Registers the one-minute timer. */
export function registerSweeper(deps: SweeperDeps): void {
  app.timer("sweeper", {
    schedule: "0 * * * * *",
    extraInputs: [df.input.durableClient()],
    handler: createSweeper(deps),
  });
}

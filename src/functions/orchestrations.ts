import * as df from "durable-functions";
import type { InvocationContext } from "@azure/functions";
import { createCancelStep } from "../activities/cancel-step";
import { createClaimDrops } from "../activities/claim-drops";
import { closeRun } from "../runs/close-run";
import type { Activity, ActivityDeps } from "../runs/deps";
import { createFinishBatch } from "../activities/finish-batch";
import { createFreezeDrops } from "../activities/freeze-drops";
import { createInspectPending } from "../activities/inspect-pending";
import { createOpenRun } from "../activities/open-run";
import { createPollStep } from "../activities/poll-step";
import { publishRun } from "../runs/publish-run";
import { releaseSlot } from "../runs/release-slot";
import { createRequestBatch } from "../activities/request-batch";
import { settleRun } from "../runs/settle-run";
import { createStartStep } from "../activities/start-step";
import { createTakeSlot } from "../activities/take-slot";
import { createWriteManifest } from "../activities/write-manifest";
import type { CloseInput, RunAttempt } from "../domain/activity-types";
import * as names from "../domain/function-names";
import type { PipelineDefinitions } from "../domain/pipeline-definition";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import { createLogger, withInvocationLog } from "../logging/logger";
import { collector } from "../orchestrators/collector";
import { pipelineRun } from "../orchestrators/pipeline-run";

/** What orchestrations and their activities are registered with. */
export interface OrchestrationDeps {
  readonly activities: ActivityDeps;
  readonly definitions: PipelineDefinitions;
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
}

/** Registers one activity; it gets the durable client, since some wake others. */
function registerActivity<I, O>(
  name: string,
  activity: Activity<I, O>,
  starterFor: OrchestrationDeps["starterFor"],
): void {
  df.app.activity(name, {
    extraInputs: [df.input.durableClient()],
    handler: async (input: I, context: InvocationContext) =>
      withInvocationLog(context, async () =>
        activity(input, { log: createLogger(context), starter: starterFor(context) }),
      ),
  });
}

/** Registers all orchestrators and activities. */
export function registerOrchestrations({ activities, definitions, starterFor }: OrchestrationDeps): void {
  df.app.orchestration(names.PIPELINE_RUN, pipelineRun);
  df.app.orchestration(names.COLLECTOR, collector);
  const register = <I, O>(name: string, activity: Activity<I, O>): void => registerActivity(name, activity, starterFor);
  register(names.OPEN_RUN, createOpenRun(activities));
  register(names.TAKE_SLOT, createTakeSlot(activities));
  register(names.CLAIM_DROPS, createClaimDrops(activities));
  register(names.FREEZE_DROPS, createFreezeDrops(activities));
  register(names.WRITE_MANIFEST, createWriteManifest(activities));
  register(names.FINISH_BATCH, createFinishBatch(activities));
  register(names.START_STEP, createStartStep(activities));
  register(names.POLL_STEP, createPollStep(activities));
  register(names.CANCEL_STEP, createCancelStep(activities));
  register(names.SETTLE_RUN, async (input: RunAttempt) => settleRun(activities, input));
  register(names.CLOSE_RUN, async (input: CloseInput, context) => closeRun(activities, input, context));
  register(names.PUBLISH_RUN, async (input: RunAttempt, context) => publishRun(activities, input, context));
  register(names.RELEASE_SLOT, async (input: RunAttempt, context) => releaseSlot(activities, input, context));
  register(names.INSPECT_PENDING, createInspectPending(activities, definitions));
  register(names.REQUEST_BATCH, createRequestBatch(activities));
}

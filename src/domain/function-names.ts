/** Names under which functions are registered; an orchestration's history refers to them, so they never change. */
export const PIPELINE_RUN = "pipelineRun";
export const COLLECTOR = "collector";

export const OPEN_RUN = "openRun";
export const TAKE_SLOT = "takeSlot";
export const CLAIM_DROPS = "claimDrops";
export const FREEZE_DROPS = "freezeDrops";
export const WRITE_MANIFEST = "writeManifest";
export const FINISH_BATCH = "finishBatch";
export const START_STEP = "startStep";
export const POLL_STEP = "pollStep";
export const CANCEL_STEP = "cancelStep";
export const SETTLE_RUN = "settleRun";
export const CLOSE_RUN = "closeRun";
export const PUBLISH_RUN = "publishRun";
export const RELEASE_SLOT = "releaseSlot";
export const INSPECT_PENDING = "inspectPending";
export const REQUEST_BATCH = "requestBatch";

/** External event that only hastens a look at the ledger or at Databricks. */
export const WAKE = "wake";

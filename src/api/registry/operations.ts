import { ACTION_OPERATIONS } from "../actions/operations";
import { BATCH_OPERATIONS } from "../batches/operations";
import { BACKFILL_OPERATIONS } from "../backfills/operations";
import { documentOperations } from "../documents/operations";
import { DROP_OPERATIONS } from "../drops/operations";
import { HEALTH_OPERATIONS } from "../health/operations";
import { OVERVIEW_OPERATIONS } from "../overview/operations";
import { METRIC_OPERATIONS } from "../metrics/operations";
import { MODEL_OPERATIONS } from "../models/operations";
import { PREDICTION_OPERATIONS } from "../predictions/operations";
import { PIPELINE_OPERATIONS } from "../pipelines/operations";
import { PIPELINE_VERBS } from "../pipelines/verbs";
import { RETENTION_OPERATIONS } from "../retention/operations";
import { RUN_DOCUMENT_OPERATIONS } from "../run-documents/operations";
import { RUN_OPERATIONS } from "../runs/operations";
import { RUN_SELECTIONS } from "../runs/selections";
import { RUN_VERBS } from "../runs/verbs";
import { SLOT_OPERATIONS } from "../slots/operations";
import { QUARANTINE_OPERATIONS } from "../quarantine/operations";
import { STORY_OPERATIONS } from "../stories/operations";
import { WEBHOOK_OPERATIONS } from "../webhook/operations";
import type { Operation } from "./operation";

/** Every operation. HTTP routes, the OpenAPI document, commands and tools are made from this table and from nothing else. */
export const OPERATIONS: readonly Operation[] = [
  ...OVERVIEW_OPERATIONS,
  ...PIPELINE_OPERATIONS,
  ...PIPELINE_VERBS,
  ...RUN_OPERATIONS,
  ...RUN_DOCUMENT_OPERATIONS,
  ...RUN_VERBS,
  ...RUN_SELECTIONS,
  ...BACKFILL_OPERATIONS,
  ...BATCH_OPERATIONS,
  ...MODEL_OPERATIONS,
  ...PREDICTION_OPERATIONS,
  ...SLOT_OPERATIONS,
  ...ACTION_OPERATIONS,
  ...DROP_OPERATIONS,
  ...QUARANTINE_OPERATIONS,
  ...STORY_OPERATIONS,
  ...RETENTION_OPERATIONS,
  ...HEALTH_OPERATIONS,
  ...METRIC_OPERATIONS,
  ...documentOperations(() => OPERATIONS),
  ...WEBHOOK_OPERATIONS,
];

import { sha256 } from "../tokens";
import type { Notification } from "./notification";

const PRODUCER = "urn:batchkeeper:app";
const SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const RUN_FACET = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet";
const facet = (name: string, version: string) => ({
  _producer: PRODUCER,
  _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
});

/** Where the datasets of a deployment live. */
export interface LineageSettings {
  readonly deploymentId: string;
  /** Workspace URL: the namespace of its tables. */
  readonly workspace: string;
}

/** The UUID of an attempt: the same at every try, and another one in every deployment. */
export function lineageRunId(deploymentId: string, messageId: string): string {
  const hex = sha256(`${deploymentId}\n${messageId}`).slice(0, 32);
  const versioned = `${hex.slice(0, 12)}8${hex.slice(13, 16)}${((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)}${hex.slice(17)}`;
  return versioned.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const EVENT_OF_STATE: Readonly<Record<string, string>> = { failed: "FAIL", cancelled: "ABORT" };

/** OpenLineage events of a run's end: START as of its start, then COMPLETE, FAIL or ABORT. Nothing for other messages. */
export function lineageEvents(notification: Notification, { deploymentId, workspace }: LineageSettings): unknown[] {
  if (notification.kind !== "runEnded" || notification.result === null) return [];
  const { id, pipeline, state, endedAt, error, result, runId } = notification;
  const host = workspace.replace(/^https?:\/\//, "");
  const nominal =
    result.window === null
      ? {}
      : {
          nominalTime: {
            ...facet("NominalTimeRunFacet", "1-0-1"),
            ...{ nominalStartTime: result.window.start, nominalEndTime: result.window.end },
          },
        };
  const failed =
    error === null
      ? {}
      : {
          errorMessage: {
            ...facet("ErrorMessageRunFacet", "1-0-1"),
            ...{ message: `${error.code}: ${error.message}`, programmingLanguage: "Python" },
          },
        };
  const batch = {
    batchkeeper_batch: {
      _producer: PRODUCER,
      _schemaURL: RUN_FACET,
      runId,
      batchId: result.batchId,
      watermark: result.watermark,
    },
  };
  const run = { runId: lineageRunId(deploymentId, id), facets: { ...nominal, ...failed, ...batch } };
  const version = (value: number) => ({
    facets: { version: { ...facet("DatasetVersionDatasetFacet", "1-0-1"), datasetVersion: String(value) } },
  });
  const common = {
    producer: PRODUCER,
    schemaURL: SCHEMA,
    run,
    job: { namespace: `batchkeeper/${deploymentId}`, name: pipeline },
  };
  const inputs = result.inputs.map((name) => ({ namespace: `batchkeeper/${deploymentId}/drops`, name }));
  const outputs = result.tables.map((table) => ({
    namespace: `databricks://${host}`,
    name: table.name,
    ...version(table.version),
  }));
  const start = { ...common, eventType: "START", eventTime: result.startedAt ?? result.createdAt, inputs, outputs: [] };
  return [start, { ...common, eventType: EVENT_OF_STATE[state] ?? "COMPLETE", eventTime: endedAt, inputs, outputs }];
}

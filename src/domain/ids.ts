/** Every id of the app is derived here, and nowhere else. */

const RUN_ID = /^(?<pipeline>[a-z][a-z0-9-]*)-(?<date>\d{8})t(?<time>\d{6})-(?<random>[0-9a-f]{8})$/;

/** Longest pipeline name for which a run id stays within 64 characters. */
export const MAX_PIPELINE_NAME = 39;

/** Run id `<pipeline>-<yyyymmdd>t<hhmmss>-<8 hex>`; `random` is eight hexadecimal digits. */
export function newRunId(pipeline: string, at: Date, random: string): string {
  const stamp = at.toISOString().replace(/[-:]/g, "").slice(0, 15).toLowerCase();
  return `${pipeline}-${stamp}-${random}`;
}

/** The parts of a run id, or null when it is none. */
export function parseRunId(runId: string): { pipeline: string; stamp: string; random: string } | null {
  const groups = RUN_ID.exec(runId)?.groups;
  if (!groups || runId.length > 64) return null;
  return {
    pipeline: groups["pipeline"] ?? "",
    stamp: `${groups["date"]}${groups["time"]}`,
    random: groups["random"] ?? "",
  };
}

/** Orchestration instance of one attempt of a run. */
export function runInstanceId(runId: string, attempt: number): string {
  return `${runId}-a${attempt}`;
}

/** The run and attempt of a run instance, or null when the id is none. */
export function parseRunInstanceId(instanceId: string): { runId: string; attempt: number } | null {
  const groups = /^(?<runId>.+)-a(?<attempt>\d+)$/.exec(instanceId)?.groups;
  return groups?.["runId"] ? { runId: groups["runId"], attempt: Number(groups["attempt"]) } : null;
}

/** The one collector of a pipeline. */
export function collectorInstanceId(pipeline: string): string {
  return `collector-${pipeline}`;
}

/** Folder of a run inside the batches container. */
export const manifestBlob = (runId: string): string => `${runId}/manifest.json`;
/** Exit JSON of one generation inside the batches container. */
export const exitBlob = (runId: string, step: string, generation: number): string =>
  `${runId}/exit/${step}-g${generation}.json`;
/** Alias of a schedule occurrence. */
export const scheduleAlias = (occurrence: Date): string => `schedule|${occurrence.toISOString()}`;

import { invalidParameter } from "./api-error";
import { isObject, toInteger, type JsonObject } from "./params";
import { parseQuartz, QuartzError } from "./quartz";
import type { JobRecord, JobSettings } from "./records";

/** What starts runs of a job by itself. */
export type JobTrigger =
  | { readonly type: "PERIODIC"; readonly next: (after: number, created: number) => number | undefined }
  | { readonly type: "CONTINUOUS" };

/** The service keeps this distance between two runs of a schedule, whatever its seconds say. */
export const MIN_DISTANCE_MS = 10_000;

const KINDS = ["schedule", "trigger", "continuous"] as const;
const UNITS: Readonly<Record<string, number>> = {
  MINUTES: 60_000,
  HOURS: 3_600_000,
  DAYS: 86_400_000,
  WEEKS: 7 * 86_400_000,
};

function readObject(settings: JsonObject, name: string): JsonObject | undefined {
  const value = settings[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalidParameter(`${name} must be an object.`);
  return value;
}

function isPaused(trigger: JsonObject, name: string): boolean {
  const status = trigger["pause_status"] ?? "UNPAUSED";
  if (status !== "PAUSED" && status !== "UNPAUSED")
    throw invalidParameter(`${name}.pause_status must be PAUSED or UNPAUSED.`);
  return status === "PAUSED";
}

function required(values: JsonObject, name: string, where: string): string {
  const value = values[name];
  if (typeof value !== "string" || value === "") throw invalidParameter(`Missing required field: ${where}.${name}`);
  return value;
}

function readSchedule(schedule: JsonObject): JobTrigger {
  const expression = required(schedule, "quartz_cron_expression", "schedule");
  const zone = required(schedule, "timezone_id", "schedule");
  try {
    const { next } = parseQuartz(expression, zone);
    return { type: "PERIODIC", next };
  } catch (error) {
    if (error instanceof QuartzError)
      throw invalidParameter(`Invalid schedule: quartz_cron_expression '${expression}': ${error.message}.`);
    throw error;
  }
}

function readPeriodic(periodic: JsonObject): JobTrigger {
  const interval = toInteger(periodic["interval"], "trigger.periodic.interval") ?? 0;
  const unit = UNITS[required(periodic, "unit", "trigger.periodic")];
  if (unit === undefined)
    throw invalidParameter(`trigger.periodic.unit must be one of ${Object.keys(UNITS).join(", ")}.`);
  if (interval < 1) throw invalidParameter("trigger.periodic.interval must be at least 1.");
  const length = interval * unit;
  return {
    type: "PERIODIC",
    next: (after, created) => created + (Math.floor(Math.max(0, after - created) / length) + 1) * length,
  };
}

/** The trigger of a job that is not paused, and that can fire here. Throws 400 for a bad one. */
function readTrigger(settings: JsonObject): JobTrigger | undefined {
  const given = KINDS.filter((name) => readObject(settings, name) !== undefined);
  if (given.length > 1) throw invalidParameter(`A job has only one of schedule, trigger and continuous.`);
  const [name] = given;
  const values = name === undefined ? undefined : readObject(settings, name);
  if (name === undefined || values === undefined) return undefined;
  const paused = isPaused(values, name);
  const periodic = readObject(values, "periodic");
  const trigger: JobTrigger | undefined = {
    schedule: () => readSchedule(values),
    trigger: () => (periodic ? readPeriodic(periodic) : undefined),
    continuous: (): JobTrigger => ({ type: "CONTINUOUS" }),
  }[name]();
  return paused ? undefined : trigger;
}

/** Checks the triggers of new settings. Throws 400 for what the service refuses, also for a schedule that never fires. */
export function checkTriggers(settings: JsonObject): void {
  const trigger = readTrigger(settings);
  const now = Date.now();
  if (trigger?.type === "PERIODIC" && trigger.next(now, now) === undefined)
    throw invalidParameter("Invalid schedule: quartz_cron_expression never fires.");
}

/** The trigger of a stored job; undefined also for one that an older version took unchecked, which {@link triggerFault} explains. */
export function triggerOf(job: JobRecord): JobTrigger | undefined {
  return triggerFault(job.settings) === undefined ? readTrigger(job.settings) : undefined;
}

/** Why the trigger of stored settings cannot fire. */
export function triggerFault(settings: JsonObject): string | undefined {
  try {
    readTrigger(settings);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** When a job is next started by its schedule, in epoch milliseconds; undefined when it is not. */
export function nextStart(job: JobRecord, after: number): number | undefined {
  const trigger = triggerOf(job);
  return trigger?.type === "PERIODIC" ? trigger.next(after, job.createdTime) : undefined;
}

/** The settings with their trigger paused or unpaused, as a bundle target asks for. */
export function withPauseStatus(settings: JobSettings, status: "PAUSED" | "UNPAUSED"): JobSettings {
  const changed = KINDS.flatMap((name) => {
    const values = readObject(settings, name);
    return values ? [[name, { ...values, pause_status: status }]] : [];
  });
  return { ...settings, ...(Object.fromEntries(changed) as JsonObject) };
}

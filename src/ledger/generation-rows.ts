import { z } from "zod";
import { exitJsonSchema } from "../domain/exit-json";
import type { GenerationRecord } from "../domain/generation";
import { parseStored } from "../domain/stored";
import type { Row } from "./ports";

/** Columns of a generation that change after its intent. */
export type GenerationChange = Partial<
  Omit<
    GenerationRecord,
    "runId" | "step" | "ordinal" | "generation" | "attempt" | "job" | "idempotencyToken" | "intendedAt"
  >
>;

/** What is known before run-now is called. */
export type Intent = Pick<
  GenerationRecord,
  "runId" | "step" | "ordinal" | "generation" | "attempt" | "job" | "idempotencyToken" | "intendedAt"
>;

/** Names one generation. */
export interface GenerationKey {
  readonly runId: string;
  readonly ordinal: number;
  readonly generation: number;
}

/** Exit JSON longer than this stays in its blob only: a table property holds 32 Ki characters. */
const MAX_COLUMN = 30_000;

const pad = (value: number): string => String(value).padStart(4, "0");
/** Keys of a generation's row. */
export const keysOf = (
  runId: string,
  ordinal: number,
  generation: number,
): { partitionKey: string; rowKey: string } => ({
  partitionKey: `generation|${runId}`,
  rowKey: `g|${pad(ordinal)}|${pad(generation)}`,
});

/** Columns of a change. Table merges cannot remove a column, so null is stored as an empty string. */
export function columns(change: GenerationChange): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(change).map(([column, value]) => {
      if (value === null) return [column, ""];
      if (typeof value !== "object") return [column, value];
      const json = JSON.stringify(value);
      return [column, json.length > MAX_COLUMN ? "" : json];
    }),
  );
}

/** Reads a generation's row, by whatever version of the app it was written. */
export function toGeneration(row: Row): GenerationRecord {
  const text = (column: string): string => (typeof row[column] === "string" ? row[column] : "");
  const orNull = (column: string): string | null => text(column) || null;
  const whole = (column: string): number => (typeof row[column] === "number" ? row[column] : 0);
  const exit = orNull("exit");
  const verdict = orNull("verdict");
  const error = orNull("error");
  return {
    runId: text("runId"),
    step: text("step"),
    ordinal: whole("ordinal"),
    generation: whole("generation"),
    attempt: whole("attempt"),
    job: text("job"),
    idempotencyToken: text("idempotencyToken"),
    // Rows of version 0.1.0 did not count: their one call may have been carried out.
    submissions: typeof row["submissions"] === "number" ? row["submissions"] : 1,
    refusals: whole("refusals"),
    openCalls: z.array(z.string()).parse(JSON.parse(text("openCalls") || "[]")),
    lastSubmittedAt: orNull(row["submissions"] === undefined ? "intendedAt" : "lastSubmittedAt"),
    workspace: orNull("workspace"),
    databricksRunId: orNull("databricksRunId"),
    jobId: orNull("jobId"),
    taskRunId: orNull("taskRunId"),
    url: orNull("url"),
    lifeCycleState: orNull("lifeCycleState"),
    resultState: orNull("resultState"),
    terminal: row["terminal"] === true,
    verdict: verdict === null ? null : (JSON.parse(verdict) as GenerationRecord["verdict"]),
    error: error === null ? null : (JSON.parse(error) as GenerationRecord["error"]),
    status: orNull("status"),
    exit: exit === null ? null : parseStored(exitJsonSchema, JSON.parse(exit)),
    exitPath: orNull("exitPath"),
    lastFault: orNull("lastFault"),
    absentSince: orNull("absentSince"),
    absentLooks: whole("absentLooks"),
    endSeenAt: orNull("endSeenAt"),
    stopAskedAt: orNull("stopAskedAt"),
    needsPerson: orNull("needsPerson"),
    intendedAt: text("intendedAt"),
    startedAt: orNull("startedAt"),
    endedAt: orNull("endedAt"),
    durationSeconds: typeof row["durationSeconds"] === "number" ? row["durationSeconds"] : null,
  };
}

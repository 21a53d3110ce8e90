import { z } from "zod";
import { sha256 } from "./tokens";

const entrySchema = z.object({
  /** From 1; 0 for a whole file. */
  line: z.number().int().nonnegative(),
  rule: z.string(),
  rules: z.array(z.string()),
  severity: z.string(),
  /** The line as delivered; for a whole file what is wrong with it. */
  raw: z.string(),
  /** True when the line is longer than what is shown. */
  cut: z.boolean(),
});

const fileSchema = z.object({
  path: z.string(),
  etag: z.string(),
  source: z.string(),
  /** First line of the file, with which mended rows are delivered anew; null when it is not known. */
  header: z.string().nullable(),
  /** Rows of the file that were set aside, shown or not. */
  total: z.number().int().nonnegative(),
  /** True when the file was not read at all. */
  whole: z.boolean(),
  entries: z.array(entrySchema),
});

/** `quarantine.json` of a run (contracts.md section 10). A key of a version after is left out. */
export const quarantineExportSchema = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  files: z.array(fileSchema),
});

/** A file of which ingestion set rows, or the whole, aside. */
export type SetAsideFile = z.infer<typeof fileSchema>;
export type SetAsideEntry = z.infer<typeof entrySchema>;

/** What a person decided of something in quarantine. */
export interface Decision {
  readonly kind: "released" | "discarded";
  readonly by: string | null;
  /** ISO 8601 with `Z`. */
  readonly at: string;
  readonly why: string;
  /** The drop that a release made. */
  readonly dropPath: string | null;
  /** Rows that went into it. */
  readonly rows: number;
  /** When the drop was put; null while it is on its way. Decisions of before 0.2 have none: their drop was put first. */
  readonly deliveredAt?: string | null;
}

const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 3_600_000;

/** When a delivery that failed is tried again. It is never given up: the decision stands. */
export function nextDelivery(tries: number, now: Date): Date {
  return new Date(now.getTime() + Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1)));
}

/** Blob of a run's export inside the results container. */
export const quarantineBlob = (runId: string): string => `${runId}/quarantine.json`;

/** Blob inside the results container that keeps the bytes of a release until its drop is put. */
export const stagedBlob = (runId: string, dropPath: string): string =>
  `${runId}/releases/${sha256(dropPath).slice(0, 24)}`;

/** Id of what a run set aside of a file; fit for a path of an URL. */
export const setAsideId = (runId: string, path: string): string => `${runId}.${sha256(path).slice(0, 16)}`;

/** A row as a person mended it. */
export interface MendedRow {
  readonly line: number;
  readonly text: string;
}

/** What stands against delivering these rows anew; empty when nothing does. */
export function mendFaults(file: SetAsideFile, rows: readonly MendedRow[]): string[] {
  if (file.whole)
    return [`${file.path} was set aside as a whole: give the text of the file, or nothing to read it again`];
  if (file.header === null) return [`the first line of ${file.path} is not known: give the text of a whole file`];
  const known = new Set(file.entries.map(({ line }) => line));
  const lines = rows.map(({ line }) => line);
  return [
    ...(rows.length === 0 ? ["rows: give the mended rows"] : []),
    ...lines.filter((line) => !known.has(line)).map((line) => `line ${line} of ${file.path} is not in quarantine`),
    ...lines.filter((line, index) => lines.indexOf(line) !== index).map((line) => `line ${line} is given twice`),
    ...rows.filter(({ text }) => text.trim() === "").map(({ line }) => `line ${line} has no text`),
  ];
}

/** The text of a file that holds the mended rows alone. */
export function mendedText({ header }: SetAsideFile, rows: readonly MendedRow[]): string {
  const ordered = [...rows].sort((a, b) => a.line - b.line);
  return [header ?? "", ...ordered.map(({ text }) => text), ""].join("\n");
}

/**
 * Where a release is put: beside the file, in a folder of its own, under the same last name, by which readers know what the file
 * stands for. The same content has the same path, so that a repetition makes no second drop.
 */
export function releasePath(path: string, runId: string, content: string): string {
  const tag = sha256(`${runId}\n${path}\n${content}`).slice(0, 12);
  const cut = path.lastIndexOf("/") + 1;
  return `${path.slice(0, cut)}released-${tag}/${path.slice(cut)}`;
}

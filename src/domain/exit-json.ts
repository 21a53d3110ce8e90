import { z } from "zod";

const count = z.number().int().nonnegative();
const name = z.string().min(1).max(200);

/** Exit JSON of a notebook, contracts.md section 4. Unknown keys are refused. */
export const exitJsonSchema = z.strictObject({
  schemaVersion: z.literal(1),
  step: name,
  runId: name,
  status: z.enum(["ok", "not_ready", "nothing_to_do"]),
  reason: z.string().nullable(),
  counts: z.record(z.string(), count),
  tables: z.record(z.string(), z.strictObject({ version: count })),
  watermark: z.string().nullable().optional(),
  model: z.strictObject({ name, version: z.string() }).nullable().optional(),
  warnings: z.array(z.string()),
  outcomePath: z.string().nullable().optional(),
  metrics: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
});

/** What a notebook says at its end. */
export type ExitJson = z.infer<typeof exitJsonSchema>;

/** Largest accepted exit JSON, bytes of UTF-8. */
export const MAX_EXIT_BYTES = 32 * 1024;

/** Result of reading an exit value: the parsed JSON, or why it proves nothing. */
export type ExitCheck =
  | { readonly ok: true; readonly exit: ExitJson }
  | { readonly ok: false; readonly code: string; readonly message: string };

const refuse = (code: string, message: string): ExitCheck => ({ ok: false, code, message });

const MANIFEST_COUNTS = [
  "filesListed",
  "filesRead",
  "filesQuarantined",
  "rowsRead",
  "rowsAccepted",
  "rowsQuarantined",
  "rowsDuplicate",
];

/** What the exit value is compared with. */
export interface ExitExpectation {
  readonly step: string;
  readonly runId: string;
  readonly readsManifest: boolean;
  /** Files in the manifest. */
  readonly filesInManifest: number;
}

function checkManifestCounts(exit: ExitJson, expected: ExitExpectation): ExitCheck | null {
  const missing = MANIFEST_COUNTS.filter((key) => exit.counts[key] === undefined);
  if (missing.length > 0)
    return refuse("EXIT_COUNTS_MISSING", `exit JSON of step ${exit.step} lacks counts: ${missing.join(", ")}`);
  const of = (key: string): number => exit.counts[key] ?? 0;
  if (of("filesListed") !== expected.filesInManifest) {
    return refuse(
      "EXIT_COUNTS_DISAGREE",
      `filesListed is ${of("filesListed")}, the manifest lists ${expected.filesInManifest}`,
    );
  }
  const files = of("filesRead") + of("filesQuarantined");
  if (of("filesListed") !== files) {
    return refuse(
      "EXIT_COUNTS_DISAGREE",
      `filesListed is ${of("filesListed")}, but filesRead + filesQuarantined is ${files}`,
    );
  }
  const rows = of("rowsAccepted") + of("rowsQuarantined") + of("rowsDuplicate");
  if (of("rowsRead") !== rows) {
    return refuse(
      "EXIT_COUNTS_DISAGREE",
      `rowsRead is ${of("rowsRead")}, but accepted + quarantined + duplicate is ${rows}`,
    );
  }
  return null;
}

function parse(text: string): ExitCheck {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse("EXIT_JSON_INVALID", `exit value is not JSON: ${(error as Error).message}`);
  }
  const parsed = exitJsonSchema.safeParse(value);
  if (parsed.success) return { ok: true, exit: parsed.data };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(root)"}: ${issue.message}`);
  return refuse("EXIT_JSON_INVALID", `exit JSON does not fit its schema: ${faults.join("; ")}`);
}

/**
 * Accepts the exit value of a step only when it parses, names this step and run, and its counts agree (invariant I5).
 * A truncated or missing value proves nothing.
 */
export function checkExit(result: string | undefined, truncated: boolean, expected: ExitExpectation): ExitCheck {
  if (result === undefined || result === "")
    return refuse("EXIT_JSON_MISSING", `step ${expected.step} ended without dbutils.notebook.exit(json)`);
  if (truncated || Buffer.byteLength(result) > MAX_EXIT_BYTES) {
    return refuse("EXIT_JSON_TOO_LARGE", `exit value of step ${expected.step} is over ${MAX_EXIT_BYTES} bytes`);
  }
  const read = parse(result);
  if (!read.ok) return read;
  if (read.exit.step !== expected.step)
    return refuse("EXIT_JSON_FOREIGN", `exit JSON is of step ${read.exit.step}, not ${expected.step}`);
  if (read.exit.runId !== expected.runId)
    return refuse("EXIT_JSON_FOREIGN", `exit JSON is of run ${read.exit.runId}, not ${expected.runId}`);
  if (expected.readsManifest && read.exit.status !== "not_ready")
    return checkManifestCounts(read.exit, expected) ?? read;
  return read;
}

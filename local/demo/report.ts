import { BlobServiceClient } from "@azure/storage-blob";
import { join } from "node:path";
import type { Stack } from "../stack/stack";
import { bad, formatCount, good, heading, line, note, table } from "./console";
import type { ReportWords } from "./scenarios/scenario";

/** Parts of `results/<run id>/summary.json` and `monitoring.json` that the demo shows; the notebooks write them. */
interface Summary {
  readonly lastAsOf: string;
  readonly mostLikelyToFail: Readonly<Record<string, readonly Suspect[]>>;
}
/** With the keys of entity and target, which are the scenario's. */
interface Suspect extends Readonly<Record<string, unknown>> {
  readonly probability: number;
  readonly alert: boolean;
  readonly reasons: readonly string[];
}
interface Monitoring {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly evaluations: readonly Evaluation[];
}
/** With the target's key, and that of the false alerts. */
interface Evaluation extends Readonly<Record<string, unknown>> {
  readonly model_version: string;
  readonly horizon_h: number;
  readonly rows: number;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  readonly accuracy: number;
  readonly rule_f1: number;
  readonly rule_precision: number;
  readonly rule_recall: number;
  readonly all_negative_accuracy: number;
  readonly failures: number;
  readonly announced: number;
  readonly announced_early: number;
  readonly median_hours_ahead: number | null;
}

const SHOWN_ENTITIES = 8;

async function readResult<T>(stack: Stack, path: string): Promise<T> {
  const container = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient(
    "results",
  );
  return JSON.parse((await container.getBlockBlobClient(path).downloadToBuffer()).toString()) as T;
}

/** Who is most likely to fail, and why. */
export async function tellRiskTable(stack: Stack, words: ReportWords, scoringRun: string): Promise<void> {
  const summary = await readResult<Summary>(stack, `${scoringRun}/summary.json`);
  const { entity, target, risk } = words;
  const [hours, ahead] = risk;
  heading(`${capital(entity[1])}s most likely to fail within ${ahead} of ${summary.lastAsOf}`);
  const suspects = (summary.mostLikelyToFail[`${hours}h`] ?? []).slice(0, SHOWN_ENTITIES);
  const parts = target[1] === null ? [] : [target];
  const rows = suspects.map((suspect) => {
    const named = [entity, ...parts].map(([key]) => suspect[key] as string | number);
    const { probability, alert, reasons } = suspect;
    return [...named, `${(100 * probability).toFixed(1)} %`, alert ? "alert" : "", reasons.join("; ")];
  });
  table([...[entity, ...parts].map(([, word]) => word ?? ""), "chance", "", "why"], rows);
}

/**
 * The scores of the unseen months and of the days, beside the baselines, and how far ahead failures were announced.
 * @throws Error when the micro F1 is below what the demo promises, or not above the rule's
 */
export async function tellModelQuality(stack: Stack, words: ReportWords, monitoringRun: string): Promise<void> {
  const found = await readResult<Monitoring>(stack, `${monitoringRun}/monitoring.json`);
  const all = found.evaluations.filter((row) => row[words.target[0]] === "all");
  const judged = words.judged.map(([hours, ahead]) => ({ row: all.find((one) => one.horizon_h === hours), ahead }));
  const [first] = judged;
  if (!first?.row) throw new Error(`the monitoring run has no evaluation at ${first?.ahead ?? "any horizon"}`);
  heading(
    `Held against what then happened, ${found.windowStart.slice(0, 10)} to ${found.windowEnd.slice(0, 10)} (model version ${first.row.model_version})`,
  );
  for (const { row, ahead } of judged) if (row) tellBesideBaselines(row, ahead, words.rule);
  const early = Math.min(...all.map((row) => row.horizon_h)) / 2;
  for (const row of all) {
    const ahead =
      row.median_hours_ahead === null ? "" : `, the middle one ${row.median_hours_ahead.toFixed(1)} h ahead`;
    const share = `${row.announced} of ${row.failures} failures were announced (${row.announced_early} at least ${early} h ahead${ahead})`;
    const falseAlerts = row[`false_alerts_per_${words.entity[1]}_month`] as number;
    note(
      `alerts of the ${row.horizon_h} h models: ${share}; ${falseAlerts.toFixed(3)} false alerts per ${words.entity[1]} and month`,
    );
  }
  const { f1, rule_f1: ruleF1 } = first.row;
  const what = `micro F1 at ${first.ahead} is ${f1.toFixed(3)}`;
  if (f1 >= words.leastF1 && f1 > ruleF1) return good(`${what}, at least ${words.leastF1}`);
  bad(`${what}, below ${words.leastF1} or the rule's ${ruleF1.toFixed(3)}`);
  throw new Error("the model is not as good as the demo promises");
}

function tellBesideBaselines(row: Evaluation, ahead: string, rule: string): void {
  const cells = (...values: number[]) => values.map((value) => value.toFixed(3));
  table(
    [`${ahead} ahead, ${formatCount(row.rows)} predictions`, "F1", "precision", "recall", "accuracy"],
    [
      ["the model", ...cells(row.f1, row.precision, row.recall, row.accuracy)],
      [`rule: ${rule}`, ...cells(row.rule_f1, row.rule_precision, row.rule_recall), ""],
      ["never an alert", ...cells(0, 0, 0, row.all_negative_accuracy)],
    ],
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Where a person finds what the demo made. */
export function tellWhereThingsLie(stateDir: string, scoringRun: string, monitoringRun: string): void {
  heading("Where everything lies");
  const places = [
    ["scores of the last night", join(stateDir, "volumes", "results", scoringRun)],
    ["monitoring report", join(stateDir, "volumes", "results", monitoringRun, "monitoring.html")],
    ["frozen batches, manifests", join(stateDir, "volumes", "batches")],
    ["Delta tables, MLflow", join(stateDir, "databricks")],
    ["logs", `${join(stateDir, "functions", "host.log")}, ${join(stateDir, "databricks", "logs")}`],
  ];
  table(["what", "where"], places);
  line();
}

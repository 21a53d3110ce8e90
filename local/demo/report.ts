import { BlobServiceClient } from "@azure/storage-blob";
import { join } from "node:path";
import type { Stack } from "../stack/stack";
import { bad, formatCount, good, heading, line, note, table } from "./console";

/** Parts of `results/<run id>/summary.json` and `monitoring.json` that the demo shows; the notebooks write them. */
interface Summary {
  readonly lastAsOf: string;
  readonly mostLikelyToFail: Readonly<Record<string, readonly Suspect[]>>;
}
interface Suspect {
  readonly machineId: number;
  readonly component: string;
  readonly probability: number;
  readonly alert: boolean;
  readonly reasons: readonly string[];
}
interface Monitoring {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly evaluations: readonly Evaluation[];
}
interface Evaluation {
  readonly model_version: string;
  readonly horizon_h: number;
  readonly component: string;
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
  readonly announced_12h: number;
  readonly median_hours_ahead: number | null;
  readonly false_alerts_per_machine_month: number;
}

/** The demo promises this much on a month that no training saw. */
const LEAST_F1 = 0.9;
const SHOWN_MACHINES = 8;

async function readResult<T>(stack: Stack, path: string): Promise<T> {
  const container = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient(
    "results",
  );
  return JSON.parse((await container.getBlockBlobClient(path).downloadToBuffer()).toString()) as T;
}

/** The machines most likely to fail within 48 hours, and why. */
export async function tellRiskTable(stack: Stack, scoringRun: string): Promise<void> {
  const summary = await readResult<Summary>(stack, `${scoringRun}/summary.json`);
  heading(`Machines most likely to fail within 48 hours of ${summary.lastAsOf}`);
  const suspects = (summary.mostLikelyToFail["48h"] ?? []).slice(0, SHOWN_MACHINES);
  const rows = suspects.map(({ machineId, component, probability, alert, reasons }) => {
    return [machineId, component, `${(100 * probability).toFixed(1)} %`, alert ? "alert" : "", reasons.join("; ")];
  });
  table(["machine", "part", "chance", "", "why"], rows);
}

/**
 * The scores of the unseen month and of the days, beside the baselines, and how far ahead failures were announced.
 * @throws Error when the micro F1 at 24 hours is below what the demo promises
 */
export async function tellModelQuality(stack: Stack, monitoringRun: string): Promise<void> {
  const found = await readResult<Monitoring>(stack, `${monitoringRun}/monitoring.json`);
  const [day] = found.evaluations.filter((row) => row.component === "all" && row.horizon_h === 24);
  if (!day) throw new Error("the monitoring run has no evaluation at 24 hours");
  heading(
    `Held against what then happened, ${found.windowStart.slice(0, 10)} to ${found.windowEnd.slice(0, 10)} (model version ${day.model_version})`,
  );
  const cells = (...values: number[]) => values.map((value) => value.toFixed(3));
  table(
    [`24 h ahead, ${formatCount(day.rows)} predictions`, "F1", "precision", "recall", "accuracy"],
    [
      ["the model", ...cells(day.f1, day.precision, day.recall, day.accuracy)],
      ["rule: the announcing error codes", ...cells(day.rule_f1, day.rule_precision, day.rule_recall), ""],
      ["never an alert", ...cells(0, 0, 0, day.all_negative_accuracy)],
    ],
  );
  for (const row of found.evaluations.filter(({ component }) => component === "all")) {
    const ahead =
      row.median_hours_ahead === null ? "" : `, the middle one ${row.median_hours_ahead.toFixed(1)} h ahead`;
    const share = `${row.announced} of ${row.failures} failures were announced (${row.announced_12h} at least 12 h ahead${ahead})`;
    note(
      `alerts of the ${row.horizon_h} h models: ${share}; ${row.false_alerts_per_machine_month.toFixed(3)} false alerts per machine and month`,
    );
  }
  if (day.f1 >= LEAST_F1) return good(`micro F1 at 24 h is ${day.f1.toFixed(3)}, at least ${LEAST_F1}`);
  bad(`micro F1 at 24 h is ${day.f1.toFixed(3)}, below ${LEAST_F1}`);
  throw new Error("the model is not as good as the demo promises");
}

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

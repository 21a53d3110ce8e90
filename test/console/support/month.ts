import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { setAsideId } from "../../../src/domain/quarantine";
import { seenDrop, writeDrops, writeNight, type Filled, type GenerationPlan, type NightPlan } from "./night";

const MODEL = { name: "main.batchkeeper.predictive_maintenance", version: "7" };
const DAY_MS = 86_400_000;
const SOURCES = ["telemetry", "errors", "maint", "failures"];

/** Small numbers that differ from night to night and are the same in every run of the tests. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const day = (at: Date): string => at.toISOString().slice(0, 10);

/** The files of a night, as the source systems name them. */
export const filesOf = (at: Date): string[] => SOURCES.map((source) => `${source}/${day(at)}.csv.gz`);

function ingestion(random: () => number): GenerationPlan {
  const rows = 2400 + Math.round(random() * 40);
  const counts = { filesListed: 4, filesRead: 4, filesQuarantined: 0, rowsRead: rows + 14, rowsAccepted: rows + 2, rowsQuarantined: 10, rowsDuplicate: 2 }; // prettier-ignore
  return {
    waits: 15 + random() * 30,
    runs: 100 + random() * 60,
    exit: { counts, tables: { telemetry: { version: 41 } } },
  };
}

function steps(at: Date, random: () => number): GenerationPlan[][] {
  const watermark = new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS + 6 * 3_600_000).toISOString();
  const features = {
    waits: 2,
    runs: 80 + random() * 50,
    exit: { counts: { asOfPoints: 200, asOfPointsRecomputed: 0 }, watermark },
  };
  const scoring = {
    waits: 2,
    runs: 90 + random() * 40,
    exit: { counts: { asOfPoints: 200, predictions: 2400, alerts: 3 }, model: MODEL },
  };
  return [[ingestion(random)], [features], [scoring]];
}

/** Names of the runs that tests look for. */
export interface Month {
  readonly failed: string;
  readonly retried: string;
  readonly running: string;
  readonly succeeded: string;
  readonly unproven: string;
  /** Path of a drop that a run took. */
  readonly telemetry: string;
  /** Id of what ingestion set aside. */
  readonly setAside: string;
}

const SET_ASIDE = "telemetry/2015-11-16.csv.gz";
const HEADER = "datetime,machineID,volt,rotate,pressure,vibration";
const LINES = ["2015-11-16 07:00:00,27,n/a,418.5,113.1,45.1", "2015-11-16 08:00:00,27,,402.7,95.5,43.4"];

/** What ingestion of a run set aside, as its export and the ledger have it. */
async function writeSetAside({ ledger }: Filled, runId: string, at: Date): Promise<void> {
  const path = SET_ASIDE;
  const entry = { rule: "wrong_type:volt", rules: ["wrong_type:volt"], severity: "error", cut: false };
  const entries = LINES.map((raw, index) => ({ line: 88 + index, raw, ...entry }));
  const file = { path, etag: "0x8DC", source: "telemetry", whole: false, header: HEADER, total: 2, entries };
  await ledger.blobs.putJson("results", `${runId}/quarantine.json`, { schemaVersion: 1, runId, files: [file] });
  const item = { id: setAsideId(runId, path), pipeline: "scoring", runId, path, etag: "0x8DC", source: "telemetry" };
  await ledger.quarantine.note({
    ...item,
    whole: false,
    rows: 2,
    rule: "wrong_type:volt",
    foundAt: at.toISOString(),
    decision: null,
  });
}

const CHANCES = [0.92, 0.61, 0.17, 0.09, 0.04];

/** What the notebooks write beside the tables: predictions in short, comparison with what failed, decision of the gate. */
async function writeDocuments({ ledger: { blobs } }: Filled, named: Record<string, string>): Promise<void> {
  const of = (hours: number) =>
    CHANCES.map((chance, index) => ({
      ...{ machineId: [27, 78, 5, 61, 12][index], component: `comp${(index % 4) + 1}`, asOf: "2026-11-27T06:00:00Z" },
      ...{ horizonHours: hours, probability: chance * (hours / 48) ** 0.3, alert: chance > 0.5 },
      reasons: ["volt 24 h mean 20.0 V above its normal (1.3 sd)", "error2 14 h ago"],
    }));
  const horizons = [24, 48, 168];
  await blobs.putJson("results", `${named["succeeded"] ?? ""}/summary.json`, {
    ...{ runId: named["succeeded"], model: { name: "m", version: "7" }, firstAsOf: "2026-11-27T00:00:00Z" },
    ...{ lastAsOf: "2026-11-27T06:00:00Z", asOfPoints: 200, alerts: { "24h": 1, "48h": 2, "168h": 5 } },
    mostLikelyToFail: Object.fromEntries(horizons.map((hours) => [`${hours}h`, of(hours)])),
  });
  const evaluations = horizons.map((hours, index) => ({
    ...{ model_version: "7", horizon_h: hours, component: "all", positives: 61 },
    ...{ f1: 0.98 - index * 0.07, rule_f1: 0.71 - index * 0.1 },
  }));
  const binsOf = (spread: number) => [0.02, 0.15, 0.34, 0.55, 0.74, 0.93].map((predicted, bin) => ({ bin, rows: 90, predicted, observed: Math.min(1, predicted ** spread) })); // prettier-ignore
  const drift = ["volt_mean_24h", "pressure_mean_3h", "vibration_sd_24h"].map((feature, index) => ({ feature, rows: 900, missing: 0.01, psi: 0.31 / (index + 1) })); // prettier-ignore
  await blobs.putJson("results", `${named["monitored"] ?? ""}/monitoring.json`, {
    ...{ windowStart: "2026-10-20T06:00:00Z", windowEnd: "2026-11-24T06:00:00Z", watermark: "2026-11-24T06:00:00Z" },
    ...{ evaluations, drift, driftBaseline: "7" },
    happened: {
      ...{ from: "2015-10-20T06:00:00Z", until: "2015-11-30T06:00:00Z" },
      failures: [{ entity: "17", target: "comp1", at: "2015-11-17T03:00:00Z" }],
    },
    calibration: horizons.map((hours, index) => ({
      model_version: "7",
      horizon_h: hours,
      bins: binsOf(1 + index * 0.12),
    })),
  });
  await blobs.putJson("results", `${named["succeeded"] ?? ""}/evidence.json`, evidence());
  await blobs.putJson("batches", `${named["trained"] ?? ""}/outcome/evaluation.json`, {
    ...{ decision: "promoted", against: [], for: ["F1 .996 at 24 h is above the champion's .991"] },
    metrics: { test_challenger_micro_f1_24h: 0.9961 },
  });
}

/** Exports as Spark wrote them: three machines on two days, and one of these points again with the day after. */
async function writeExports({ ledger: { blobs } }: Filled, runIds: readonly string[]): Promise<void> {
  for (const [index, name] of ["first", "second"].entries()) {
    const bytes = readFileSync(join(REPO_ROOT, "test", "fixtures", "predictions", `${name}.parquet`));
    await blobs.createBytes("results", `${runIds[index] ?? ""}/predictions.parquet`, bytes, {});
  }
}

/** The days before machine 17's latest point as scoring keeps them, and its failure as monitoring tells of it. */
function evidence() {
  const random = sequence(3);
  const end = Date.parse("2015-11-16T06:00:00Z");
  const at = (hours: number): string => new Date(end - hours * 3_600_000).toISOString();
  const sensors = {
    volt: [170, 15, 1.9],
    rotate: [447, 50, -0.4],
    pressure: [101, 11, 0.2],
    vibration: [40, 5.4, 0.6],
  };
  const units: Readonly<Record<string, string>> = { volt: "V", rotate: "rpm", pressure: "bar", vibration: "mm/s" };
  const readings = Object.entries(sensors).map(([name, [mean = 0, sd = 0, rise = 0]]) => {
    const drift = (place: number) => Math.max(0, (place - 110) / 58) * rise * sd;
    const value = (place: number) => Number((mean + (random() - 0.5) * 2.6 * sd + drift(place)).toPrecision(5));
    return [name, Array.from({ length: 168 }, (_, place) => (place > 40 && place < 47 ? null : value(place)))] as const;
  });
  return {
    ...{ schemaVersion: 1, runId: "", asOf: at(0), from: at(168), stepSeconds: 3600 },
    values: Object.keys(sensors).map((name) => ({ name, unit: units[name] })),
    entities: {
      17: {
        readings: Object.fromEntries(readings),
        normal: Object.fromEntries(Object.entries(sensors).map(([name, [mean, sd]]) => [name, [mean, sd]])),
        marks: [
          { at: at(120), kind: "maintenance", name: "comp3" },
          { at: at(31), kind: "event", name: "error1" },
          { at: at(14), kind: "event", name: "error2" },
        ],
      },
    },
  };
}

const KEY_ERROR = "KeyError: 'vibration'";
const KEY_ERROR_TOLD = {
  message: KEY_ERROR,
  cell: "cell 3, line 12",
  trace: `---> 12 frame = frame.withColumn("v", units["vibration"])
KeyError: 'vibration'`,
};

/** A month as an operator meets it: thirty nights with a failure, a lost driver, a Databricks run that nobody can prove, one that runs, drops that wait. */
export async function writeMonth(filled: Filled, { nights = 29, now = new Date() } = {}): Promise<Month> {
  const random = sequence(7);
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const night = (back: number): Date => new Date(midnight - back * DAY_MS + 6.5 * 3_600_000);
  const scoring = (at: Date, over: Partial<NightPlan> = {}): NightPlan => ({
    pipeline: "scoring",
    at,
    drops: filesOf(at),
    steps: steps(at, random),
    state: "succeeded",
    ...over,
  });
  const named: Record<string, string> = {};
  for (let back = nights; back >= 2; back -= 1) {
    const at = night(back);
    const whole = steps(at, random);
    if (back === 12) {
      const fault = { cause: "code", code: "RUN_EXECUTION_ERROR", message: KEY_ERROR, error: KEY_ERROR_TOLD };
      named["failed"] = await writeNight(
        filled,
        scoring(at, { steps: [whole[0] ?? [], [{ runs: 41, fault }]], state: "failed" }),
      );
    } else if (back === 5) {
      const fault = { cause: "platform", code: "DRIVER_ERROR", message: "the driver was lost" };
      const [, features = [], last = []] = whole;
      named["retried"] = await writeNight(
        filled,
        scoring(at, { steps: [[{ runs: 66, fault }, ingestion(random)], features, last] }),
      );
    } else named["succeeded"] = await writeNight(filled, scoring(at, { steps: whole }));
  }
  const needsPerson =
    "Databricks run 8000000401 is gone from the workspace, and nobody saw how it ended: settle it as ended or as failed";
  named["unproven"] = await writeNight(filled, {
    pipeline: "monitoring",
    at: new Date(night(6).getTime() + 2.5 * 3_600_000),
    steps: [[{ runs: null, needsPerson }]],
    state: "running",
  });
  const monitored = [[{ runs: 60 }]];
  named["monitored"] = await writeNight(filled, {
    pipeline: "monitoring",
    at: night(13),
    steps: monitored,
    state: "succeeded",
  });
  named["trained"] = await writeNight(filled, { pipeline: "training", at: night(20), reason: "http", steps: [[{ runs: 300 }], [{ runs: 1900, exit: { model: MODEL } }], [{ runs: 240, exit: { outcomePath: "outcome/evaluation.json" } }]], state: "succeeded" }); // prettier-ignore
  await writeNight(filled, {
    pipeline: "training",
    at: night(3),
    reason: "http",
    steps: [[{ runs: 310 }]],
    state: "cancelled",
  });
  const begun = new Date(now.getTime() - 240_000);
  const [first = []] = steps(begun, random);
  named["running"] = await writeNight(
    filled,
    scoring(begun, { reason: "drops", steps: [first, [{ waits: 3, runs: null }]], state: "running" }),
  );
  filled.clock.at = new Date(night(4).getTime() - 1_000_000);
  await filled.ledger.drops.quarantine(
    seenDrop("scoring", "telemetry/2015-11-16 (copy).csv.gz", filled.clock.at),
    "its bytes changed while they were copied",
  );
  await writeDrops(
    filled,
    "scoring",
    ["telemetry/late.csv.gz", "errors/late.csv", "maint/late.csv"],
    new Date(now.getTime() - 60_000),
  );
  await writeExports(filled, [named["retried"] ?? "", named["succeeded"] ?? ""]);
  await writeDocuments(filled, named);
  await writeSetAside(filled, named["succeeded"] ?? "", filled.clock.at);
  named["telemetry"] = filesOf(night(2))[0] ?? "";
  named["setAside"] = setAsideId(named["succeeded"] ?? "", SET_ASIDE);
  return named as unknown as Month;
}

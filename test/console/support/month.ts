import { setAsideId } from "../../../src/domain/quarantine";
import { seenDrop, writeDrops, writeNight, type Filled, type GenerationPlan, type NightPlan } from "./night";

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
  const model = { name: "main.batchkeeper.predictive_maintenance", version: "7" };
  const scoring = {
    waits: 2,
    runs: 90 + random() * 40,
    exit: { counts: { asOfPoints: 200, predictions: 2400, alerts: 3 }, model },
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
}

const HEADER = "datetime,machineID,volt,rotate,pressure,vibration";
const LINES = ["2015-11-16 07:00:00,27,n/a,418.5,113.1,45.1", "2015-11-16 08:00:00,27,,402.7,95.5,43.4"];

/** What ingestion of a run set aside, as its export and the ledger have it. */
async function writeSetAside({ ledger }: Filled, runId: string, at: Date): Promise<void> {
  const path = "telemetry/2015-11-16.csv.gz";
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

const KEY_ERROR = `KeyError: 'vibration'\nCell 3, line 12\n---> 12 frame = frame.withColumn("v", units["vibration"])\nKeyError: 'vibration'`;

/** A month as an operator meets it: thirty nights with a failure, a lost driver, a Databricks run that nobody can prove, one that runs, drops that wait. */
export async function writeMonth(filled: Filled, now = new Date()): Promise<Month> {
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
  for (let back = 29; back >= 2; back -= 1) {
    const at = night(back);
    const whole = steps(at, random);
    if (back === 12) {
      const fault = { cause: "code", code: "RUN_EXECUTION_ERROR", message: KEY_ERROR };
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
  await writeNight(filled, { pipeline: "training", at: night(20), reason: "http", steps: [[{ runs: 300 }], [{ runs: 1900 }], [{ runs: 240 }]], state: "succeeded" }); // prettier-ignore
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
  await writeSetAside(filled, named["succeeded"] ?? "", filled.clock.at);
  return named as unknown as Month;
}

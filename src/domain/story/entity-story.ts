import { counted, listed, say, type Sentence } from "./sentence";

/** A chance as a model gave it, for one target and horizon. */
export interface Chance {
  readonly target: string;
  readonly horizonHours: number;
  readonly probability: number;
  readonly threshold: number;
  readonly alert: boolean;
  readonly reasons: readonly string[];
  readonly note: string | null;
}

/** What one run said of an entity as of one time. */
export interface EntityScore {
  readonly asOf: string;
  readonly runId: string;
  readonly modelVersion: string;
  readonly revision: number;
  readonly chances: readonly Chance[];
}

/** A row of the entity in quarantine. */
export interface EntityRow {
  readonly runId: string;
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly raw: string;
}

/** A day of which readings are missing. */
export interface ShortDay {
  readonly runId: string;
  readonly source: string;
  readonly day: string;
  readonly readings: number;
  readonly expected: number;
}

/** What is known of an entity without asking Spark. */
export interface EntityFacts {
  readonly entity: string;
  /** Oldest first. */
  readonly scores: readonly EntityScore[];
  /** Up to when anybody was scored, and by which run; null when no run exported a score. */
  readonly newest: { readonly asOf: string; readonly runId: string } | null;
  readonly rows: readonly EntityRow[];
  readonly shortDays: readonly ShortDay[];
  /** Lines of runs that say that it came, left or came back. */
  readonly fleet: readonly { readonly runId: string; readonly text: string }[];
}

const SCORES_TOLD = 5;
const CHANCES_TOLD = 3;
const ROWS_TOLD = 10;
const DAYS_TOLD = 10;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function chance({ target, horizonHours, probability, threshold, alert, reasons, note }: Chance): string {
  const why = reasons.length === 0 ? "" : `, since ${listed(reasons)}`;
  const said = `${target} within ${horizonHours} h: ${percent(probability)}${alert ? `, an alert (from ${percent(threshold)} on)` : ""}`;
  return `${said}${why}${note === null ? "" : ` (${note})`}`;
}

function score({ asOf, runId, modelVersion, revision, chances }: EntityScore): Sentence {
  const likely = [...chances].sort((a, b) => b.probability - a.probability).slice(0, CHANCES_TOLD);
  const again = revision > 0 ? `, revision ${revision}` : "";
  return say(
    asOf,
    `As of then run ${runId} scored it by model version ${modelVersion}${again}: ${likely.map(chance).join("; ")}.`,
  );
}

function missingScore({ entity, scores, newest }: EntityFacts): Sentence[] {
  if (newest === null) return [say(null, "No run has exported a score of anybody yet.")];
  const last = scores.at(-1);
  if (last === undefined)
    return [
      say(
        newest.asOf,
        `Nobody scored ${entity}: the newest scores are those of run ${newest.runId}, and it is not among them.`,
      ),
    ];
  if (last.asOf >= newest.asOf) return [];
  return [
    say(
      newest.asOf,
      `Run ${newest.runId} scored others as of then, and ${entity} not: its readings are missing, or it has left.`,
    ),
  ];
}

/** The story of an entity, such as a machine: what was said of it, what is missing of it, what of it was set aside. */
export function entityStory(facts: EntityFacts): Sentence[] {
  const { scores, rows, shortDays, fleet } = facts;
  const told = scores.slice(-SCORES_TOLD);
  const before = scores.length - told.length;
  const row = ({ runId, path, line, rule, raw }: EntityRow): Sentence =>
    say(null, `Run ${runId} set line ${line} of ${path} aside (${rule}): ${raw}`);
  const day = ({ runId, source, day: of, readings, expected }: ShortDay): Sentence =>
    say(null, `Run ${runId} counted ${readings} of ${expected} rows of ${source} on ${of}.`);
  return [
    ...fleet.map(({ runId, text }) => say(null, `Run ${runId}: ${text}.`)),
    ...(before > 0 ? [say(null, `${counted(before, "earlier score")} are left out.`)] : []),
    ...told.map(score),
    ...missingScore(facts),
    ...shortDays.slice(0, DAYS_TOLD).map(day),
    ...rows.slice(0, ROWS_TOLD).map(row),
    ...(rows.length > ROWS_TOLD ? [say(null, `${rows.length - ROWS_TOLD} more rows of it are in quarantine.`)] : []),
  ];
}

import type { DemoOptions } from "../options";
import type { Calendar } from "./calendar";

/** What the demo knows of a scenario: all of it in one place, so that its acts are the same for each. */
export interface DemoScenario {
  /** Folder with the definitions. */
  readonly pipelinesDir: string;
  readonly pipelines: { readonly scoring: string; readonly training: string; readonly monitoring: string };
  /** What there are many of. */
  readonly entities: string;
  /** Time of day just after the points of a day, as `hh:mm`. */
  readonly afterPoints: string;
  /** Whether the history's files are all named after its last day. */
  readonly historyInOneFile: boolean;
  readonly calendar: (options: DemoOptions) => Calendar;
  /** Options of the simulator, but for the folder. */
  readonly simulator: (options: DemoOptions, calendar: Calendar) => readonly string[];
  readonly report: ReportWords;
}

/** How its results are read and told. */
export interface ReportWords {
  /** The entity's key in `summary.json`, and the word for one. */
  readonly entity: readonly [key: string, word: string];
  /** The target's key in `summary.json` and in the evaluations, which have one name here; the word is left out when there is one target. */
  readonly target: readonly [key: string, word: string | null];
  /** Hours ahead of the table of risks, and in words. */
  readonly risk: readonly [hours: number, words: string];
  /** Hours ahead that are judged, in words; the first decides. */
  readonly judged: readonly (readonly [hours: number, words: string])[];
  /** The rule that a model must beat. */
  readonly rule: string;
  /** The micro F1 that the demo promises at the first of the judged horizons, on days that no training saw. */
  readonly leastF1: number;
}

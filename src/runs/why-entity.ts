import { entityStory, type EntityFacts, type EntityScore } from "../domain/story/entity-story";
import { inParallel } from "../ledger/parallel";
import type { Ledger } from "../ledger/ledger";
import { readSetAside } from "./quarantine/set-aside";
import type { Prediction, Predictions } from "./results/predictions";
import { readOutcome } from "./step-outcome";
import type { Story } from "./why";

/** What the story of an entity is made from. */
export interface EntityStoryDeps {
  readonly ledger: Ledger;
  readonly predictions: Predictions;
}

/** Runs that are looked through. */
const RUNS = 14;
const PARALLEL = 4;

/** What one run said as of one time, oldest first. */
function scoresOf(history: readonly Prediction[]): EntityScore[] {
  const scores = new Map<string, EntityScore & { chances: Prediction[] }>();
  for (const prediction of history) {
    const { asOf, runId, modelVersion, revision } = prediction;
    const key = `${asOf}|${runId}`;
    const known = scores.get(key) ?? { asOf, runId, modelVersion, revision, chances: [] };
    known.chances.push(prediction);
    scores.set(key, known);
  }
  return [...scores.values()];
}

/** True when a cell of a delivered line is the entity's id. */
const names = (raw: string, entity: string): boolean =>
  raw.split(/[,;\t|]/).some((cell) => cell.trim().replace(/^"(.*)"$/, "$1") === entity);

/** What the newest runs of the pipeline noted of the entity beside their scores. */
async function notesOf({ ledger }: EntityStoryDeps, pipeline: string, entity: string) {
  const { items } = await ledger.runs.list(pipeline, undefined, RUNS);
  const word = new RegExp(`(?<![\\w-])${entity.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);
  return inParallel([...items].reverse(), PARALLEL, async ({ runId }) => {
    const generations = await ledger.generations.list(runId);
    const paths = new Set(generations.flatMap(({ exit }) => (exit?.outcomePath ? [exit.outcomePath] : [])));
    const outcomes = await Promise.all([...paths].map(async (path) => readOutcome(ledger, path)));
    const aside = generations.some(({ exit }) => exit?.counts["rowsQuarantined"])
      ? await readSetAside(ledger, runId)
      : [];
    return {
      fleet: outcomes.flatMap(({ fleet }) => fleet.filter((text) => word.test(text)).map((text) => ({ runId, text }))),
      shortDays: outcomes.flatMap(({ incomplete }) =>
        incomplete.filter((day) => day.entity === entity).map((day) => ({ ...day, runId })),
      ),
      rows: aside.flatMap(({ path, entries }) =>
        entries
          .filter(({ raw, line }) => line > 0 && names(raw, entity))
          .map(({ line, rule, raw }) => ({ runId, path, line, rule, raw: raw.slice(0, 200) })),
      ),
    };
  });
}

/** Why an entity (such as a machine) has the scores that it has, or none: from what the newest runs of a pipeline exported and noted. */
export async function whyEntity(deps: EntityStoryDeps, pipeline: string, entity: string): Promise<Story> {
  const [history, latest, notes] = await Promise.all([
    deps.predictions.history(pipeline, entity, RUNS),
    deps.predictions.latest(pipeline),
    notesOf(deps, pipeline, entity),
  ]);
  const asOf = latest?.predictions
    .map((prediction) => prediction.asOf)
    .sort()
    .at(-1);
  const scores = scoresOf(history);
  const facts: EntityFacts = {
    ...{ entity, scores, newest: latest && asOf !== undefined ? { runId: latest.runId, asOf } : null },
    rows: notes.flatMap(({ rows }) => rows),
    shortDays: notes.flatMap(({ shortDays }) => shortDays),
    fleet: notes.flatMap(({ fleet }) => fleet),
  };
  const runIds = [...new Set(scores.map(({ runId }) => runId))];
  return { subject: { kind: "entity", id: entity }, sentences: entityStory(facts), runIds };
}

import { Problem } from "../problems";
import { requireKnownPipeline, type ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import type { Prediction } from "../../runs/results/predictions";
import { entityPath, evidenceSchema, historyQuery, predictionsSchema, topQuery } from "./schemas";

type Scores = Pick<ApiPorts, "runs" | "predictions">;

const topPredictions = operation({
  id: "topPredictions",
  summary: "Show what is most likely to fail, as the newest scores say",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/predictions" },
  command: "predictions top",
  examples: ["predictions top scoring --horizon 24 --top 10"],
  columns: ["entity", "target", "horizonHours", "probability", "alert", "asOf", "reasons"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  query: topQuery,
  answers: { 200: { description: "The latest point of each, the most likely first", schema: predictionsSchema } },
  problems: ["unknown-pipeline", "no-predictions"],
  async run({ path, query: { top, alerts, runId, ...filter } }, { runs, predictions }: Scores) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    const scores = await predictions.latest(pipeline, runId);
    if (!scores) throw new Problem("no-predictions", `${runId ?? `no run of ${pipeline}`} has exported predictions`);
    const asOf = scores.predictions.reduce(
      (latest, prediction) => (prediction.asOf > latest ? prediction.asOf : latest),
      "",
    );
    const value = scores.predictions
      .filter((prediction) => prediction.asOf === asOf && fits(prediction, filter) && (!alerts || prediction.alert))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top);
    return answer(200, { runId: scores.runId, asOf, value: value.map(view) });
  },
});

const entityPredictions = operation({
  id: "entityPredictions",
  summary: "Show the chances of one machine over time, oldest first",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/predictions/{entity}" },
  command: "predictions of",
  examples: ["predictions of scoring 17 --horizon 24"],
  columns: ["asOf", "target", "horizonHours", "probability", "alert", "modelVersion", "reasons"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: entityPath,
  query: historyQuery,
  answers: {
    200: {
      description: "Every point that the newest runs scored, each in its newest revision",
      schema: predictionsSchema,
    },
  },
  problems: ["unknown-pipeline", "no-predictions"],
  async run({ path, query: { runs: count, ...filter } }, { runs, predictions }: Scores) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    const all = await predictions.history(pipeline, path.entity, count);
    if (all.length === 0)
      throw new Problem(
        "no-predictions",
        `the newest ${count} runs of ${pipeline} have no predictions of "${path.entity}"`,
      );
    const value = all.filter((prediction) => fits(prediction, filter));
    return answer(200, { runId: null, asOf: all.at(-1)?.asOf ?? null, value: value.map(view) });
  },
});

const entityEvidence = operation({
  id: "entityEvidence",
  summary: "Show what speaks for the latest chances of one machine, and what failed since",
  description:
    "Readings of the days before beside its own normal, errors and maintenance, and failures. Scoring keeps it of those most likely to fail.",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/predictions/{entity}/evidence" },
  command: "predictions evidence",
  examples: ["predictions evidence scoring 17"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: entityPath,
  answers: { 200: { description: "What is known", schema: evidenceSchema } },
  problems: ["unknown-pipeline"],
  async run({ path }, { runs, evidence }: Pick<ApiPorts, "runs" | "evidence">) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    const [before, afterwards] = await Promise.all([
      evidence.before(pipeline, path.entity),
      evidence.afterwards(pipeline, path.entity),
    ]);
    return answer(200, {
      entity: path.entity,
      before: before && {
        ...before,
        values: before.values.map((value) => ({ ...value, points: [...value.points] })),
        marks: [...before.marks],
      },
      afterwards: { known: [...afterwards.known], failures: [...afterwards.failures] },
    });
  },
});

interface Filter {
  readonly horizon?: number | undefined;
  readonly target?: string | undefined;
}

function fits({ horizonHours, target }: Prediction, filter: Filter): boolean {
  return (
    (filter.horizon === undefined || filter.horizon === horizonHours) &&
    (filter.target === undefined || filter.target === target)
  );
}

function view(prediction: Prediction) {
  return { ...prediction, reasons: [...prediction.reasons] };
}

export const PREDICTION_OPERATIONS = [topPredictions, entityPredictions, entityEvidence];

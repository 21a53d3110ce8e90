import { z } from "zod";
import { RUN_STATES } from "../../domain/run";
import { RUN_ACTIONS } from "../../domain/run-actions";
import { component } from "../registry/components";
import { force, reason } from "../registry/operator";
import { searchQuery } from "./schemas";

export const settleBody = component(
  "Settle",
  z.strictObject({
    reason,
    step: z.string().optional().meta({ description: "the Databricks runs of this step alone" }),
    force,
  }),
);

export const abandonBody = component("Abandon", z.strictObject({ reason, force }));

export const settledSchema = component(
  "Settled",
  z.strictObject({
    settled: z.array(
      z.strictObject({
        runId: z.string(),
        step: z.string(),
        generation: z.number().int(),
        databricksRunId: z.string().nullable(),
      }),
    ),
  }),
);

export const actionPath = z.strictObject({
  action: z.enum(RUN_ACTIONS).meta({ description: "what is done to each run" }),
});

const selection = {
  pipeline: z.string().meta({ description: "runs of this pipeline alone" }),
  state: z.enum(RUN_STATES).optional().meta({ description: "runs in this state; all that fit the action without it" }),
  ...searchQuery,
};

export const selectionQuery = z.strictObject(selection);

export const applyActionBody = component(
  "RunSelection",
  z.strictObject({
    ...selection,
    hash: z.string().meta({ description: "of the plan that you saw" }),
    reason,
  }),
);

const planned = z.strictObject({ runId: z.string(), state: z.enum(RUN_STATES), attempt: z.number().int() });
export const actionPlanSchema = component(
  "RunActionPlan",
  z.strictObject({
    action: z.enum(RUN_ACTIONS),
    count: z.number().int().meta({ description: "runs that would be changed" }),
    runs: z.array(planned),
    excluded: z.number().int().meta({ description: "selected runs that the action cannot be taken on" }),
    hash: z.string().meta({ description: "of exactly these runs as they stand now; the call takes it" }),
  }),
);

export const actionAnswersSchema = component(
  "RunActionAnswers",
  z.strictObject({
    done: z.number().int(),
    failed: z.number().int(),
    answers: z.array(
      z.strictObject({
        runId: z.string(),
        done: z.boolean(),
        fault: z.string().nullable().meta({ description: "why not" }),
        resultRunId: z.string().nullable().meta({ description: "the run that does the work; a new one for a rerun" }),
      }),
    ),
  }),
);

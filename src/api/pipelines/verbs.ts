import { decideCatchUp } from "../../operations/catch-up";
import { pausePipeline, pipelineStanding, resumePipeline, type PipelineStanding } from "../../operations/pause";
import type { ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { operatorOf, reasonBody } from "../registry/operator";
import { catchUpBody, catchUpSchema, pipelineStatusSchema } from "./schemas";

type Operations = Pick<ApiPorts, "operations">;

/** Without who paused it: that is for those who may change it, in the list of actions. */
function shown({ pause, heldCatchUp, ...standing }: PipelineStanding) {
  const held = heldCatchUp && { ...heldCatchUp };
  return {
    ...standing,
    heldCatchUp: held,
    waiting: { ...standing.waiting },
    pause: pause && { at: pause.at, reason: pause.reason },
  };
}

const getPipelineStatus = operation({
  id: "getPipelineStatus",
  summary: "Tell whether a pipeline starts by itself, when next, and what waits for that",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/status" },
  command: "pipelines status",
  examples: ["pipelines status scoring"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  answers: { 200: { description: "Pause, next run, and what waits", schema: pipelineStatusSchema } },
  problems: ["unknown-pipeline"],
  async run({ path }, { operations }: Operations) {
    return answer(200, shown(await pipelineStanding(operations, path.pipeline)));
  },
});

const pause = operation({
  id: "pausePipeline",
  summary: "Keep a pipeline from starting by itself",
  description:
    "Its schedule, its new drops and the catch-up after an outage ask for no run until it is resumed; drops are still recorded. " +
    "Open runs go on, and so does what a person asks for. Pausing a paused pipeline changes nothing.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/pause" },
  command: "pipelines pause",
  examples: ['pipelines pause scoring --reason "the plant is being rebuilt"'],
  access: "operator",
  readOnly: false,
  path: pipelinePath,
  body: reasonBody,
  answers: { 200: { description: "The pipeline is paused", schema: pipelineStatusSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, body, ...call }, { operations }: Operations) {
    return answer(200, shown(await pausePipeline(operations, path.pipeline, operatorOf(call, body.reason))));
  },
});

const resume = operation({
  id: "resumePipeline",
  summary: "Let a paused pipeline start by itself again",
  description:
    "Pending drops are collected at once. For the schedule occurrences that the pause kept, one run is asked for within minutes.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/resume" },
  command: "pipelines resume",
  examples: ['pipelines resume scoring --reason "rebuilt"'],
  access: "operator",
  readOnly: false,
  path: pipelinePath,
  body: reasonBody,
  answers: { 200: { description: "The pipeline starts by itself", schema: pipelineStatusSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, body, ...call }, { operations }: Operations) {
    return answer(200, shown(await resumePipeline(operations, path.pipeline, operatorOf(call, body.reason))));
  },
});

const catchUp = operation({
  id: "decideCatchUp",
  summary: "Approve or dismiss the catch-up of more missed schedule occurrences than the definition lets pass",
  description:
    "The status shows heldCatchUp when one waits (approveCatchUpAbove of the definition). Approved, one run covers them all; " +
    "dismissed, nothing runs for them. Without one nothing happens.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/catch-up" },
  command: "pipelines catch-up",
  examples: ['pipelines catch-up scoring --approve --reason "the outage is over"'],
  access: "operator",
  readOnly: false,
  path: pipelinePath,
  body: catchUpBody,
  answers: { 200: { description: "What was decided", schema: catchUpSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, body: { approve, reason }, ...call }, { operations }: Operations) {
    const asked = { pipeline: path.pipeline, approve };
    return answer(200, { runId: await decideCatchUp(operations, asked, operatorOf(call, reason)) });
  },
});

export const PIPELINE_VERBS = [getPipelineStatus, pause, resume, catchUp];

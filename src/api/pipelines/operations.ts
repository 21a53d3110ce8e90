import { requirePipeline, type ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { pipelinePageSchema, pipelineSchema } from "./schemas";
import { pipelineView } from "./views";

type Pipelines = Pick<ApiPorts, "pipelines">;

const listPipelines = operation({
  id: "listPipelines",
  summary: "List the pipelines",
  http: { method: "GET", path: "v1/pipelines" },
  command: "pipelines list",
  access: "reader",
  readOnly: true,
  etag: true,
  answers: { 200: { description: "All pipelines", schema: pipelinePageSchema } },
  problems: [],
  run({ root }, { pipelines }: Pipelines) {
    return answer(200, { value: [...pipelines.values()].map((pipeline) => pipelineView(pipeline, root)) });
  },
});

const getPipeline = operation({
  id: "getPipeline",
  summary: "Get a pipeline: schedule, steps, whether it takes drops",
  http: { method: "GET", path: "v1/pipelines/{pipeline}" },
  command: "pipelines get",
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  answers: { 200: { description: "The pipeline", schema: pipelineSchema } },
  problems: ["unknown-pipeline"],
  run({ path, root }, { pipelines }: Pipelines) {
    return answer(200, pipelineView(requirePipeline(pipelines, path.pipeline), root));
  },
});

export const PIPELINE_OPERATIONS = [listPipelines, getPipeline];

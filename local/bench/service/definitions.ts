import { pipelineDefinitionSchema, type PipelineDefinition } from "../../../src/domain/pipeline-definition";

const STEPS = ["count", "total", "rank"] as const;

/** Jobs of the scripted Jobs API: `batchkeeper-<step>`. */
export const BENCH_JOBS: readonly string[] = STEPS.map((step) => `batchkeeper-${step}`);
/** Takes the drops. */
export const STORM = "storm";
/** Without drops; one step, and all of them. */
export const ONE_STEP = "one-step";
export const ALL_STEPS = "all-steps";
export const STEP_COUNT = STEPS.length;

/** A pipeline of the first steps, in a concurrency group of its own. */
function definition(name: string, steps: readonly string[], drops: object): PipelineDefinition {
  return pipelineDefinitionSchema.parse({
    name,
    description: `the pipeline ${name} of the bench`,
    concurrencyGroup: name,
    window: { rule: "watermark" },
    ...drops,
    steps: steps.map((step) => ({ name: step, job: `batchkeeper-${step}`, timeoutSeconds: 600 })),
  });
}

/** The definitions that the bench runs. */
export function benchDefinitions(): readonly PipelineDefinition[] {
  const collector = { quietPeriodSeconds: 2, maxWaitSeconds: 60 };
  const drops = { container: "drops", pathPattern: "^(?<source>[a-z]+)/.+\\.csv$", ...collector };
  return [
    definition(STORM, STEPS.slice(0, 1), { drops }),
    definition(ONE_STEP, STEPS.slice(0, 1), {}),
    definition(ALL_STEPS, STEPS, {}),
  ];
}

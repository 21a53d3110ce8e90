import { ConfigError } from "../errors";
import { tooLarge } from "./definition-size";
import { definitionFault } from "./parse-definitions";
import type { PipelineDefinition, PipelineDefinitions, StepDefinition } from "./pipeline-definition";

const MAX_TIMEOUT_SECONDS = 604_800;

/**
 * The definition with its steps as tasks of its `sharedJob`. A step's run holds all that follow: its time is theirs together, and its
 * parameters are those of all. A definition without that job stays as it is.
 */
function onSharedJob(definition: PipelineDefinition): PipelineDefinition {
  const { sharedJob: job, steps } = definition;
  if (job === undefined) return definition;
  const parameters = mergedParameters(definition);
  const timeoutOf = (from: number): number =>
    Math.min(
      MAX_TIMEOUT_SECONDS,
      steps.slice(from).reduce((total, { timeoutSeconds }) => total + timeoutSeconds, 0),
    );
  const shared = steps.map((step, index) => ({
    ...step,
    ...{ job, task: step.name, parameters, timeoutSeconds: timeoutOf(index) },
  }));
  const whole = { ...definition, steps: shared };
  // Each step has the parameters of all.
  const large = tooLarge(whole);
  if (large !== null)
    throw new ConfigError([definitionFault("too_long", `${definition.name}.json at ${large.key}`, large.message)]);
  return whole;
}

/** @throws ConfigError when two steps give one parameter different values, since a job has one */
function mergedParameters({ name, steps }: PipelineDefinition): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [parameter, value] of steps.flatMap(({ parameters }) => Object.entries(parameters))) {
    if ((merged[parameter] ?? value) !== value)
      throw new ConfigError([
        definitionFault(
          "two_values",
          `${name}.json at sharedJob`,
          `steps of one run share its parameters, but ${parameter} has two values`,
        ),
      ]);
    merged[parameter] = value;
  }
  return merged;
}

/** The definitions as runs are made of them: with `pipeline`, the steps of a pipeline share one Databricks run. */
export function withRunsPer(unit: "step" | "pipeline", definitions: PipelineDefinitions): PipelineDefinitions {
  if (unit === "step") return definitions;
  return new Map([...definitions].map(([name, definition]) => [name, onSharedJob(definition)]));
}

/** Tasks that a run of this step is to have: its own, and those of the steps that follow in the same job. */
export function tasksFrom(steps: readonly StepDefinition[], ordinal: number): string[] {
  const job = steps[ordinal]?.job;
  const rest = steps.slice(ordinal);
  const next = rest.findIndex((step) => step.job !== job || step.task === undefined);
  return rest.slice(0, next === -1 ? undefined : next).flatMap(({ task }) => (task === undefined ? [] : [task]));
}

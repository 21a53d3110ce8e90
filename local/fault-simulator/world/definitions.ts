import type { DefinitionFile } from "./app-code";

/** Which definition files are deployed. */
export type Variant = "plain" | "renamed" | "removed" | "regrouped";
export const VARIANTS: readonly Variant[] = ["plain", "renamed", "removed", "regrouped"];

const retry = { maxGenerations: 3, firstDelaySeconds: 20, backoff: 2 };
const step = (name: string, timeoutSeconds = 1200, readsManifest = false) => ({
  name,
  job: `batchkeeper-${name}`,
  readsManifest,
  timeoutSeconds,
  retry,
  parameters: {},
});

function scoring(name: string, concurrencyGroup: string): DefinitionFile {
  const definition = {
    name,
    description: "drops to predictions",
    schedule: "0 0 */2 * * *",
    concurrencyGroup,
    drops: {
      container: "drops",
      pathPattern: "^(?<source>telemetry|errors)/.+\\.csv$",
      quietPeriodSeconds: 30,
      maxWaitSeconds: 300,
      freeze: "copy",
      freezeTimeoutSeconds: 600,
      retakeAfterSeconds: 600,
      maxRetakes: 5,
    },
    window: { rule: "watermark" },
    steps: [step("ingestion", 1200, true), step("features"), step("scoring")],
  };
  return { file: `${name}.json`, text: JSON.stringify(definition) };
}

function plain(name: string, job: string, concurrencyGroup: string): DefinitionFile {
  const definition = { name, description: name, concurrencyGroup, window: { rule: "watermark" }, steps: [step(job)] };
  return { file: `${name}.json`, text: JSON.stringify(definition) };
}

const SCORED_GROUP = "pdm";
const others = (group: string): DefinitionFile[] => [
  plain("rescoring", "scoring", group),
  plain("training", "training", "pdm-training"),
];

/** The definition files of a variant. Whatever is deployed, one writer at a time may touch the tables of `scoring`. */
export function definitionFiles(variant: Variant): DefinitionFile[] {
  switch (variant) {
    case "plain":
      return [scoring("scoring", SCORED_GROUP), ...others(SCORED_GROUP)];
    case "renamed":
      return [scoring("nightly-scoring", SCORED_GROUP), ...others(SCORED_GROUP)];
    case "removed":
      return others(SCORED_GROUP);
    case "regrouped":
      return [scoring("scoring", "pdm-two"), ...others("pdm-two")];
  }
}

/** Jobs whose runs write the tables of `scoring`. */
export const WRITERS: ReadonlySet<string> = new Set([
  "batchkeeper-ingestion",
  "batchkeeper-features",
  "batchkeeper-scoring",
]);
export const JOBS = [
  "batchkeeper-ingestion",
  "batchkeeper-features",
  "batchkeeper-scoring",
  "batchkeeper-training",
] as const;

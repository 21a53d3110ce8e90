import type { z } from "zod";
import type { PipelineDefinitions } from "../../domain/pipeline-definition";
import { pipelinesBeside } from "../../domain/siblings";
import { inParallel } from "../../ledger/parallel";
import type { BlobPort } from "../../ledger/ports";
import type { RunStore } from "../../ledger/run-store";
import { evidenceFile, monitoringFile, type EvidenceFile } from "./evidence-file";

/** One measured value of the days before a point, beside the entity's own normal. */
export interface EvidenceValue {
  readonly name: string;
  readonly unit: string;
  readonly mean: number | null;
  readonly sd: number | null;
  /** One number a step, oldest first; null where nothing was read. */
  readonly points: readonly (number | null)[];
}

/** What was known of an entity before the latest point that a run scored. */
export interface DaysBefore {
  readonly runId: string;
  readonly asOf: string;
  readonly from: string;
  readonly stepSeconds: number;
  readonly values: readonly EvidenceValue[];
  readonly marks: EvidenceFile["entities"][string]["marks"];
}

/** What then happened, as far as it is known. */
export interface Afterwards {
  /** Within these times every failure is listed. */
  readonly known: readonly { readonly from: string; readonly until: string }[];
  readonly failures: readonly { readonly target: string; readonly at: string }[];
}

/** Where evidence comes from. */
export interface EvidenceDeps {
  readonly runs: Pick<RunStore, "list">;
  readonly definitions: PipelineDefinitions;
  readonly blobs: Pick<BlobPort, "head" | "readText">;
  /** The results container. */
  readonly container: string;
}

/** Reads what lets a person believe a prediction, from what scoring and monitoring wrote. */
export interface Evidence {
  /** The latest point of which one of the newest runs kept the days before; null where none did. */
  before(pipeline: string, entity: string): Promise<DaysBefore | null>;
  /** What monitoring of the pipeline's scenario saw. */
  afterwards(pipeline: string, entity: string): Promise<Afterwards>;
}

/** Of a backfill the latest point is an old one, so the newest run alone would not do. */
const SCORING_RUNS = 10;
const MONITORING_RUNS = 5;
const PARALLEL = 6;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_KEPT = 40;

class WrittenEvidence implements Evidence {
  private readonly kept = new Map<string, { readonly etag: string; readonly value: unknown }>();

  constructor(private readonly deps: EvidenceDeps) {}

  async before(pipeline: string, entity: string): Promise<DaysBefore | null> {
    const files = await this.newest(pipeline, SCORING_RUNS, "evidence.json", evidenceFile);
    const own = files.filter(({ file }) => Object.hasOwn(file.entities, entity));
    // Sorting keeps the order of equals: the newest run.
    const latest = own.sort((a, b) => Date.parse(b.file.asOf) - Date.parse(a.file.asOf))[0];
    return latest ? daysBefore(latest.runId, latest.file, entity) : null;
  }

  async afterwards(pipeline: string, entity: string): Promise<Afterwards> {
    const pipelines = pipelinesBeside(pipeline, this.deps.definitions);
    const files = await Promise.all(
      pipelines.map(async (name) => this.newest(name, MONITORING_RUNS, "monitoring.json", monitoringFile)),
    );
    const all = files.flat().map(({ file }) => file.happened);
    const failures = new Map(
      all
        .flatMap((happened) => happened.failures)
        .filter((failure) => failure.entity === entity)
        .map(({ target, at }) => [`${target}|${at}`, { target, at }]),
    );
    return {
      known: all.map(({ from, until }) => ({ from, until })),
      failures: [...failures.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
    };
  }

  /** The files of this name of the newest runs, as far as they have one that is as expected. */
  private async newest<T>(pipeline: string, top: number, name: string, schema: z.ZodType<T>) {
    const { items } = await this.deps.runs.list(pipeline, "succeeded", top, undefined);
    const files = await inParallel(items, PARALLEL, async ({ runId }) => ({
      runId,
      file: await this.read(`${runId}/${name}`, schema),
    }));
    return files.flatMap(({ runId, file }) => (file === null ? [] : [{ runId, file }]));
  }

  private async read<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const { blobs, container } = this.deps;
    const head = await blobs.head(container, path);
    if (head === null || head.size > MAX_BYTES) return null;
    const known = this.kept.get(path);
    if (known?.etag === head.etag) return known.value as T | null;
    const text = await blobs.readText(container, path);
    const value = text === null ? null : parsed(text, schema);
    this.kept.delete(path);
    this.kept.set(path, { etag: head.etag, value });
    for (const oldest of [...this.kept.keys()].slice(0, Math.max(0, this.kept.size - MAX_KEPT)))
      this.kept.delete(oldest);
    return value;
  }
}

/** Files of before there was evidence, or of somebody else, say nothing. */
function parsed<T>(text: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function daysBefore(runId: string, { entities, values, ...times }: EvidenceFile, entity: string): DaysBefore | null {
  const own = entities[entity];
  if (!own) return null;
  return {
    ...{ runId, asOf: times.asOf, from: times.from, stepSeconds: times.stepSeconds, marks: own.marks },
    values: values.map(({ name, unit }) => {
      const [mean = null, sd = null] = own.normal[name] ?? [];
      return { name, unit, mean, sd, points: own.readings[name] ?? [] };
    }),
  };
}

/** Builds the reader; makes no call. */
export function createEvidence(deps: EvidenceDeps): Evidence {
  return new WrittenEvidence(deps);
}

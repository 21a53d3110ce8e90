import {
  cutoff,
  dueStages,
  heldBecause,
  messageCutoff,
  RETENTION_STAGES,
  type RetentionPolicy,
  type RetentionStage,
} from "../../domain/retention";
import type { PipelineDefinitions } from "../../domain/pipeline-definition";
import { UnknownPipelineError } from "../../ledger/errors";
import type { Ledger } from "../../ledger/ledger";
import { retentionFacts } from "./facts";

/** What a pass over a pipeline would do now. */
export interface RetentionPlan {
  readonly policy: RetentionPolicy;
  /** Runs that were looked at, and whether there are more. */
  readonly examined: number;
  readonly more: boolean;
  /** Runs of which something would go, by what. */
  readonly due: Readonly<Record<RetentionStage, readonly string[]>>;
  /** Runs that are old enough, and of which nothing goes. */
  readonly held: readonly { readonly runId: string; readonly why: string }[];
  /** Undelivered messages that would go. */
  readonly messages: number;
}

/** Plans of what is removed by age. */
export interface Retention {
  /** A dry run. Looks at `limit` runs, the newest first of those that are old enough. */
  plan(pipeline: string, limit: number): Promise<RetentionPlan>;
}

const MESSAGES = 1000;

/** The retention of this deployment. */
export function createRetention(ledger: Ledger, definitions: PipelineDefinitions): Retention {
  return {
    async plan(pipeline, limit) {
      const policy = definitions.get(pipeline)?.retention;
      if (policy === undefined) throw new UnknownPipelineError(pipeline, [...definitions.keys()]);
      const now = ledger.now();
      const newest = new Date(Math.max(...RETENTION_STAGES.map((stage) => cutoff(policy, stage, now).getTime())));
      const { items, nextToken } = await ledger.runs.createdBefore(pipeline, newest, limit);
      const due: Record<RetentionStage, string[]> = { history: [], batch: [], ledger: [] };
      const held: { runId: string; why: string }[] = [];
      for (const run of items) {
        const facts = await retentionFacts(ledger, run);
        const stages = dueStages(facts, policy, now);
        const why = stages.length === 0 ? null : heldBecause(facts);
        if (why !== null) held.push({ runId: run.runId, why });
        else for (const stage of stages) due[stage].push(run.runId);
      }
      const limitAt = messageCutoff(policy, now).toISOString();
      const old = (await ledger.outbox.undelivered(pipeline, MESSAGES)).filter(({ createdAt }) => createdAt < limitAt);
      return { policy, examined: items.length, more: nextToken !== null, due, held, messages: old.length };
    },
  };
}

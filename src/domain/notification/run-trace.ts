import type { DropRecord } from "../drop";
import type { GenerationRecord } from "../generation";
import type { RunEnded } from "../message";
import type { RunRecord } from "../run";

/** Something that took time on the way from a drop to the end of its run. */
export interface Span {
  /** Names it within the trace of its run, at every try the same. */
  readonly key: string;
  /** Key of the span that it belongs to; null for an attempt. */
  readonly parent: string | null;
  readonly name: string;
  /** ISO 8601. */
  readonly start: string;
  readonly end: string;
  /** `client` for what another system does for us. */
  readonly kind: "internal" | "client" | "consumer";
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** What went wrong; null when nothing did. */
  readonly fault: string | null;
}

/** What the trace of an attempt is made of. */
export interface TraceFacts {
  readonly ended: RunEnded;
  readonly run: RunRecord;
  /** Of all attempts. */
  readonly generations: readonly GenerationRecord[];
  /** Drops of the batch, as many as are told. */
  readonly drops: readonly DropRecord[];
}

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

const present = (attributes: Attributes): Span["attributes"] =>
  Object.fromEntries(
    Object.entries(attributes).filter(
      (one): one is [string, string | number | boolean] => one[1] !== null && one[1] !== undefined,
    ),
  );

const rootKey = (attempt: number): string => `attempt ${attempt}`;

/**
 * An attempt as spans, read back from the ledger at its end: nothing has to be measured while it goes on, so that a replay, a crash or
 * another process changes nothing. An attempt after the first belongs to the one before; the drops are told with the attempt that froze them.
 */
export function spansOf({ ended, run, generations, drops }: TraceFacts): Span[] {
  const { attempt, endedAt } = ended;
  const own = generations.filter((one) => one.attempt === attempt);
  // A person may have opened another attempt since.
  const isCurrent = run.attempt === attempt;
  const start = isCurrent ? run.requestedAt : attempt === 1 ? run.createdAt : (own[0]?.intendedAt ?? endedAt);
  const root = rootKey(attempt);
  const within = (time: string | null): time is string => time !== null && time >= start && time <= endedAt;
  const span = (key: string, name: string, from: string, to: string, more: Partial<Span> = {}): Span => ({
    ...{ key: `${root} ${key}`, parent: root, name, start: from, end: to < from ? from : to },
    ...{ kind: "internal", attributes: {}, fault: null, ...more },
  });
  const slotAt = isCurrent && within(run.startedAt) ? run.startedAt : null;
  const frozenAt = within(run.frozenAt) ? run.frozenAt : null;
  return [
    {
      ...{ key: root, parent: attempt === 1 ? null : rootKey(attempt - 1), name: `run ${ended.pipeline}` },
      ...{ start, end: endedAt, kind: "consumer", fault: ended.error && `${ended.error.code}: ${ended.error.message}` },
      attributes: present({
        ...{ "batchkeeper.run_id": run.runId, "batchkeeper.pipeline": ended.pipeline, "batchkeeper.attempt": attempt },
        ...{ "batchkeeper.state": ended.state, "batchkeeper.reason": ended.reason, "batchkeeper.drops": ended.drops },
        ...{ "batchkeeper.retake_of": run.retakeOf, "error.type": ended.error?.code },
      }),
    },
    ...(slotAt === null ? [] : [span("slot", "wait for the slot", start, slotAt)]),
    ...(frozenAt === null
      ? []
      : [
          ...drops.map((drop) =>
            span(`drop ${drop.path} ${drop.etag}`, "drop received", drop.seenAt, frozenAt, {
              attributes: present({
                ...{ "batchkeeper.path": drop.path, "batchkeeper.source": drop.source, "batchkeeper.size": drop.size },
                "batchkeeper.written_at": drop.lastModified,
              }),
            }),
          ),
          span("freeze", "freeze the batch", slotAt ?? start, frozenAt, {
            attributes: { "batchkeeper.drops": run.batch.drops, "batchkeeper.bytes": run.batch.bytes },
          }),
        ]),
    ...own.flatMap((one) => stepSpans(one, endedAt, span)),
  ];
}

function stepSpans(
  one: GenerationRecord,
  endedAt: string,
  span: (key: string, name: string, from: string, to: string, more?: Partial<Span>) => Span,
): Span[] {
  const { step, generation, intendedAt, startedAt, databricksRunId, verdict, exit } = one;
  if (intendedAt === "") return [];
  const end = one.endedAt ?? endedAt;
  const fault = verdict?.kind === "failed" ? `${verdict.code}: ${verdict.message}` : null;
  const key = `step ${step} ${generation}`;
  const whole = span(key, `step ${step}`, intendedAt, end, {
    fault,
    attributes: present({
      ...{ "batchkeeper.step": step, "batchkeeper.generation": generation, "batchkeeper.job": one.job },
      ...{ "batchkeeper.cause": verdict?.cause, "error.type": fault === null ? null : verdict?.code },
      ...{ "batchkeeper.rows_read": exit?.counts["rowsRead"], "batchkeeper.watermark": exit?.watermark },
      "batchkeeper.rows_quarantined": exit?.counts["rowsQuarantined"],
    }),
  });
  if (databricksRunId === null || startedAt === null) return [whole];
  const run = span(`${key} run`, "Databricks run", startedAt, end, {
    ...{ parent: whole.key, kind: "client", fault },
    attributes: present({
      ...{ "databricks.run_id": databricksRunId, "databricks.job_id": one.jobId, "url.full": one.url },
      "databricks.result_state": one.resultState,
    }),
  });
  return [whole, run];
}

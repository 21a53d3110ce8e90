import type { GenerationRecord } from "../generation";
import type { MessageBody } from "../message";
import type { RunRecord, RunState } from "../run";

/** What a notification is about. `ended` is any end of a run; the others are what people want to be woken for. */
export const TOPICS = [
  "ended",
  "failed",
  "recovered",
  "late",
  "missed",
  "gate_refused",
  "drift",
  "quarantine",
] as const;
export type Topic = (typeof TOPICS)[number];

/** A topic with the sentence that says why. */
export interface Remark {
  readonly topic: Topic;
  readonly text: string;
}

/** What the topics of a run's end are worked out from. */
export interface EndedFacts {
  readonly run: Pick<RunRecord, "state" | "attempt" | "error">;
  /** Last generation of each step that this attempt, or one before, finished. */
  readonly generations: readonly GenerationRecord[];
  /** How the run before it ended; null when it is the first, or none of the last ones has ended. */
  readonly before: { readonly runId: string; readonly state: RunState } | null;
  /** Share of rows, or of files, from which quarantine is worth a message; 0 to 1. */
  readonly quarantineShare: number;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function quarantine({ generations, quarantineShare }: EndedFacts): Remark[] {
  return generations.flatMap(({ step, exit }) => {
    const of = (name: string): number => exit?.counts[name] ?? 0;
    const parts = [
      { noun: "rows", share: of("rowsQuarantined") / Math.max(1, of("rowsRead")), count: of("rowsQuarantined") },
      { noun: "files", share: of("filesQuarantined") / Math.max(1, of("filesListed")), count: of("filesQuarantined") },
    ];
    return parts
      .filter(({ share, count }) => count > 0 && share > quarantineShare)
      .map(({ noun, share, count }): Remark => {
        return { topic: "quarantine", text: `step ${step} set ${count} ${noun} aside, ${percent(share)} of them` };
      });
  });
}

/** What the exit JSON of a step says of models: `metrics.decision` of a gate, `metrics.featuresDrifted` of a monitoring. */
function models({ generations }: EndedFacts): Remark[] {
  return generations.flatMap(({ step, exit }): Remark[] => {
    const { decision, featuresDrifted } = exit?.metrics ?? {};
    const model = exit?.model ? `${exit.model.name} version ${exit.model.version}` : "the challenger";
    const why = exit?.warnings.length ? `: ${exit.warnings.join("; ")}` : "";
    return [
      ...(decision === "refused"
        ? [{ topic: "gate_refused", text: `step ${step} refused ${model}${why}` } as const]
        : []),
      ...(typeof featuresDrifted === "number" && featuresDrifted > 0
        ? [{ topic: "drift", text: `step ${step}: ${featuresDrifted} features have drifted${why}` } as const]
        : []),
    ];
  });
}

function ending({ run, before }: EndedFacts): Remark[] {
  const ended: Remark = { topic: "ended", text: `it ended as ${run.state.replaceAll("_", " ")}` };
  if (run.state === "failed") {
    const where = run.error?.step ? `step ${run.error.step}: ` : "";
    return [
      ended,
      { topic: "failed", text: `${where}${run.error?.code ?? "no code"}: ${run.error?.message ?? "no message"}` },
    ];
  }
  if (run.state !== "succeeded") return [ended];
  if (run.attempt > 1) return [ended, { topic: "recovered", text: `it succeeded at attempt ${run.attempt}` }];
  const recovered =
    before?.state === "failed"
      ? [{ topic: "recovered", text: `the run before it, ${before.runId}, had failed` } as const]
      : [];
  return [ended, ...recovered];
}

/** What there is to say of a run's end. Every end is `ended`; what it was besides follows. */
export function remarksOfEnd(facts: EndedFacts): Remark[] {
  return [...ending(facts), ...models(facts), ...quarantine(facts)];
}

/** What a message that stands for itself is about; null for the end of a run, which `remarksOfEnd` judges. */
export function remarkOf(body: MessageBody): Remark | null {
  switch (body.kind) {
    case "runEnded":
      return null;
    case "scheduleMissed":
      return {
        topic: "missed",
        text: `no timer asked for the occurrence of ${body.occurrence}; run ${body.runId} makes up for it`,
      };
    case "runLate":
      return {
        topic: "late",
        text: `it is still ${body.state} ${Math.round(body.limitSeconds / 60)} min after it was asked for`,
      };
  }
}

import type { MessageBody } from "../message";
import type { Window } from "../window";
import type { Remark } from "./topics";

/** What a run made, for whoever waits for it. */
export interface RunResult {
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly window: Window | null;
  /** The run that froze the batch: itself, or the first of those that the batch was taken over from. */
  readonly batchId: string;
  readonly drops: number;
  /** Up to when the data are complete; null when no step said so. */
  readonly watermark: string | null;
  /** Tables that the steps wrote or pinned, `catalog.schema.table`, with their Delta versions. */
  readonly tables: readonly { readonly name: string; readonly version: number }[];
  readonly model: { readonly name: string; readonly version: string } | null;
  /** Drops of the batch, as `container/path`; at most a hundred. */
  readonly inputs: readonly string[];
}

/** A message as it is told: with its id, what it is about, and the pages of the Databricks runs behind it. */
export type Notification = MessageBody & {
  readonly id: string;
  readonly remarks: readonly Remark[];
  readonly result: RunResult | null;
  readonly databricksRunUrls: readonly string[];
};

/** One line for people. */
export function titleOf(notification: Notification): string {
  const { pipeline } = notification;
  const has = (topic: string): boolean => notification.remarks.some((remark) => remark.topic === topic);
  switch (notification.kind) {
    case "scheduleMissed":
      return `${pipeline}: a scheduled run was missed`;
    case "runLate":
      return `${pipeline}: a run is late`;
    case "runEnded": {
      const also = [
        ...(has("gate_refused") ? ["the gate refused a model"] : []),
        ...(has("drift") ? ["features have drifted"] : []),
        ...(has("quarantine") ? ["much in quarantine"] : []),
      ];
      const state = has("recovered") ? "recovered" : notification.state.replaceAll("_", " ");
      return `${pipeline}: ${[`a run ${state}`, ...also].join(", ")}`;
    }
  }
}

/** How loud it is: something is broken, something is to be looked at, or all is well. */
export function severityOf({ remarks }: Notification): "error" | "warning" | "good" {
  const topics = new Set(remarks.map(({ topic }) => topic));
  if (topics.has("failed")) return "error";
  const warnings = ["late", "missed", "gate_refused", "drift", "quarantine"] as const;
  return warnings.some((topic) => topics.has(topic)) ? "warning" : "good";
}

/** Name and value of what people want to see at once. */
export function factsOf(notification: Notification): [string, string][] {
  const { runId, result } = notification;
  return [
    ["Run", runId],
    ...(notification.kind === "runEnded" ? ([["Drops", String(notification.drops)]] as [string, string][]) : []),
    ...(result?.window ? ([["Window", `${result.window.start} to ${result.window.end}`]] as [string, string][]) : []),
    ...(result?.watermark ? ([["Complete up to", result.watermark]] as [string, string][]) : []),
    ...(result?.model
      ? ([["Model", `${result.model.name} version ${result.model.version}`]] as [string, string][])
      : []),
  ];
}

/** Sentences of a notification, first letter large, one each. */
export function sentencesOf({ remarks }: Notification): string[] {
  return remarks.map(({ text }) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}

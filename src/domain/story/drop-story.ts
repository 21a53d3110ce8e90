import type { DropRecord, Unfinished } from "../drop";
import { remedyOfDrop } from "../messages/drop-reasons";
import { bytes, counted, say, secondsBetween, duration, type Sentence } from "./sentence";

/** What ingestion said of one file, from its outcome file. */
export interface FileOutcome {
  readonly status: string;
  readonly reason: string | null;
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsQuarantined: number;
  readonly rowsDuplicate: number;
}

/** What a pending drop waits for. */
export type PendingWait =
  | { readonly kind: "orphaned" }
  /** A run that was asked for and has not frozen its batch takes it. */
  | { readonly kind: "run"; readonly runId: string }
  /** Other files of its delivery are still on their way. */
  | { readonly kind: "delivery"; readonly missing: string; readonly until: string }
  /** A person paused the pipeline. */
  | { readonly kind: "paused"; readonly since: string; readonly reason: string }
  | { readonly kind: "quiet"; readonly quietSeconds: number; readonly maxSeconds: number };

/** One version of a blob with what is known about it. */
export interface DropFacts {
  readonly drop: DropRecord;
  readonly wait: PendingWait | null;
  readonly outcome: FileOutcome | null;
}

function waitingFor({ drop, wait }: DropFacts): string {
  switch (wait?.kind) {
    case undefined:
      return "It waits for a batch.";
    case "orphaned":
      return `It waits for ever: pipeline ${drop.pipeline} has no definition any more. Route it to another one.`;
    case "run":
      return `It waits for run ${wait.runId}, which takes what is pending when it has its slot.`;
    case "delivery":
      return `It waits for the rest of its delivery, which is ${wait.missing}, until ${wait.until}; then it is taken as it is.`;
    case "paused": {
      const reason = wait.reason === "" ? "" : ` (${wait.reason})`;
      return `It waits because the pipeline was paused at ${wait.since}${reason}: resume it.`;
    }
    case "quiet": {
      const { quietSeconds, maxSeconds } = wait;
      return `It waits until no drop has arrived for ${duration(quietSeconds)}, at most ${duration(maxSeconds)}; then a run is asked for.`;
    }
  }
}

function fate(facts: DropFacts): string {
  const { drop } = facts;
  switch (drop.state) {
    case "pending":
      return waitingFor(facts);
    case "claimed":
      return `Run ${drop.runId} claimed it and is freezing its bytes.`;
    case "batched":
      return `It is ${drop.reason ?? `in the batch of ${drop.runId}`}.`;
    case "superseded":
    case "vanished":
      return `Nothing read it: it is ${drop.state}, ${drop.reason}.`;
    case "quarantined":
      return drop.decision === undefined
        ? `Nothing read it: it is in quarantine, ${drop.reason}. ${remedyOfDrop(drop) ?? ""}`
        : `Nothing read it: it was in quarantine, ${drop.reason}, and a person discarded it at ${drop.decision.at}. Requeue it with a reason to take that back.`;
  }
}

function ofFile({ status, reason, rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate }: FileOutcome): string {
  if (status !== "read") return `Ingestion set the whole file aside: ${reason ?? "no reason given"}.`;
  const counts = `${counted(rowsRead, "row")} read, ${rowsAccepted} accepted, ${rowsQuarantined} quarantined, ${rowsDuplicate} duplicate`;
  return `Of this file: ${counts}.${reason === null ? "" : ` ${reason}.`}`;
}

/** The story of one version of a blob up to its batch; the story of its run goes on from there. */
export function dropStory(facts: DropFacts): Sentence[] {
  const { drop, outcome } = facts;
  const seen = `It was written at ${drop.lastModified} (version ${drop.etag}, ${bytes(drop.size)}) and seen ${delay(drop)} by pipeline ${drop.pipeline}, source ${drop.source || "unknown"}.`;
  const known = outcome === null ? [] : [say(null, ofFile(outcome))];
  return [say(drop.seenAt, seen), say(null, fate(facts)), ...known];
}

function delay({ lastModified, seenAt }: DropRecord): string {
  const seconds = secondsBetween(lastModified, seenAt);
  return Number.isNaN(seconds) || seconds < 2 ? "at once" : `${duration(seconds)} later`;
}

/** Why a blob is not in the ledger. */
export type UnseenBlob =
  | { readonly kind: "absent" }
  | { readonly kind: "folder" }
  | { readonly kind: "unfinished"; readonly why: Unfinished; readonly since: string; readonly lookAt: string }
  | { readonly kind: "noPattern"; readonly patterns: readonly string[] }
  /** There, and a pipeline takes it: the event is late, or was lost. */
  | { readonly kind: "unnoticed"; readonly pipeline: string; readonly lastModified: string };

/** The story of a path of which the ledger has no version. */
export function unseenStory(path: string, blob: UnseenBlob): Sentence[] {
  switch (blob.kind) {
    case "absent":
      return [say(null, `Nothing ran for ${path}: there is no such blob, and the ledger never saw one.`)];
    case "folder":
      return [say(null, `${path} stands for a folder, which is no drop.`)];
    case "unfinished":
      return [
        say(blob.since, `${path} was first seen ${blob.why}: it is no drop before its writer has finished.`),
        say(blob.lookAt, "It is looked at again then."),
      ];
    case "noPattern": {
      const known =
        blob.patterns.length === 0 ? "no pipeline takes drops" : `the patterns are ${blob.patterns.join(" ; ")}`;
      return [say(null, `Nothing ran for ${path}: it fits no pipeline's pathPattern; ${known}.`)];
    }
    case "unnoticed":
      return [
        say(
          blob.lastModified,
          `${path} is there and fits pipeline ${blob.pipeline}, but its event has not come yet. The sweeper's scan of the container finds it within minutes.`,
        ),
      ];
  }
}

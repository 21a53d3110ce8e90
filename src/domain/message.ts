import type { RunError, RunState } from "./run";

/** A run's attempt ended. No personal data, no URL of ours. */
export interface RunEnded {
  readonly kind: "runEnded";
  readonly runId: string;
  readonly attempt: number;
  readonly pipeline: string;
  readonly state: RunState;
  readonly reason: string;
  readonly drops: number;
  readonly error: RunError | null;
  readonly endedAt: string;
}

/** No timer asked for an occurrence of the schedule; the sweeper did, late. */
export interface ScheduleMissed {
  readonly kind: "scheduleMissed";
  readonly pipeline: string;
  /** ISO 8601 with `Z`. */
  readonly occurrence: string;
  /** The run that makes up for it. */
  readonly runId: string;
}

/** A run has not ended within the time that its definition gives it. Told once for every attempt. */
export interface RunLate {
  readonly kind: "runLate";
  readonly pipeline: string;
  readonly runId: string;
  readonly attempt: number;
  readonly state: RunState;
  /** When the attempt was asked for. */
  readonly requestedAt: string;
  readonly limitSeconds: number;
}

/** What people and systems are promised to be told. */
export type MessageBody = RunEnded | ScheduleMissed | RunLate;

/** A promised message on its way. Its id is the same at every try, so that a receiver can tell a repetition. */
export interface Message {
  readonly id: string;
  readonly body: MessageBody;
  readonly createdAt: string;
  /** Not tried before then. */
  readonly dueAt: string;
  readonly tries: number;
  readonly lastFault: string | null;
}

/** Id of the message that an attempt of a run ended. */
export const runEndedId = (runId: string, attempt: number): string => `${runId}-a${attempt}`;

const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 3_600_000;
/** With these delays the last try is made about a day after the first. */
const MAX_TRIES = 30;

/** When a message that nobody took is tried again, or null when it is given up and a person has to look. */
export function nextTry(tries: number, now: Date): Date | null {
  if (tries >= MAX_TRIES) return null;
  return new Date(now.getTime() + Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1)));
}

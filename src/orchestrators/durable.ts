import { RetryOptions, type OrchestrationContext, type Task } from "durable-functions";
import { WAKE } from "../domain/function-names";

/** What orchestrators yield and get back; the SDK hands results in untyped. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where the SDK's untyped result enters
export type Durable<T> = Generator<Task, T, any>;

/** Activities are repeated through outages of the storage: every five minutes at most, for about three hours. */
function activityRetry(): RetryOptions {
  const options = new RetryOptions(2_000, 45);
  options.backoffCoefficient = 2;
  options.maxRetryIntervalInMilliseconds = 300_000;
  return options;
}

/** Calls an activity and repeats it while it throws; expected failures are answers, not exceptions. */
export function* callActivity<T>(context: OrchestrationContext, name: string, input: unknown): Durable<T> {
  return (yield context.df.callActivityWithRetry(name, activityRetry(), input)) as T;
}

/** Waits for the time or for the event that hastens, whichever comes first; leaves no timer behind. */
export function* waitSeconds(context: OrchestrationContext, seconds: number): Durable<void> {
  const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + seconds * 1000));
  const wake = context.df.waitForExternalEvent(WAKE);
  yield context.df.Task.any([wake, timer]);
  if (!timer.isCompleted) timer.cancel();
}

/** Seconds since an instant of this orchestration. */
export function secondsSince(context: OrchestrationContext, start: string): number {
  return (context.df.currentUtcDateTime.getTime() - Date.parse(start)) / 1000;
}

/** The instant so many seconds from now, ISO 8601. */
export function secondsAfter(context: OrchestrationContext, seconds: number): string {
  return new Date(context.df.currentUtcDateTime.getTime() + seconds * 1000).toISOString();
}

/** Looks of one execution of an orchestration. */
export interface Turn {
  looks: number;
}

/** History stays short: after so many looks, a new execution goes on. */
export const LOOKS_PER_EXECUTION = 50;

export const newTurn = (): Turn => ({ looks: 0 });

/** Counts a look; true when it is for the next execution to take. */
export function isSpent(turn: Turn): boolean {
  turn.looks += 1;
  return turn.looks > LOOKS_PER_EXECUTION;
}

import type { RunAttempt } from "../domain/activity-types";
import { runEndedId, type Message } from "../domain/message";
import { isClosed } from "../domain/run";
import { withSteps } from "../ledger/run-lists";
import type { Logger } from "../logging/logger";
import { faultText } from "./databricks-call";
import type { ActivityContext, ActivityDeps } from "./deps";
import { notificationOf } from "./notification";
import { runSpans } from "./run-trace";
import { runSummary } from "./run-summary";

/** Messages of one pipeline that one pass looks at. */
const MESSAGES_PER_PASS = 20;

/** Writes the run's record and tells of its end at once, if the receiver listens. If not, the sweeper goes on with it. */
export async function publishRun(
  deps: ActivityDeps,
  { runId, attempt }: RunAttempt,
  { log }: ActivityContext,
): Promise<null> {
  const run = await deps.ledger.runs.get(runId);
  if (!run) return null;
  const waiting = await deps.ledger.outbox.waiting(run.pipeline, MESSAGES_PER_PASS);
  const own = waiting.find((message) => message.id === runEndedId(runId, attempt));
  if (own) await deliver(deps, run.pipeline, own, log);
  return null;
}

/** Tells what is due of one pipeline; a message that nobody takes does not hold up the others. */
export async function deliverDueMessages(deps: ActivityDeps, pipeline: string, log: Logger): Promise<void> {
  const now = deps.ledger.now().toISOString();
  const waiting = await deps.ledger.outbox.waiting(pipeline, MESSAGES_PER_PASS);
  for (const message of waiting.filter(({ dueAt }) => dueAt <= now)) await deliver(deps, pipeline, message, log);
}

async function deliver(deps: ActivityDeps, pipeline: string, message: Message, log: Logger): Promise<void> {
  const { outbox } = deps.ledger;
  if (message.body.kind === "runEnded") await writeSummary(deps, message.body.runId);
  try {
    await deps.notifier.notify(await notificationOf(deps, message), async () => runSpans(deps, message));
    await outbox.delivered(pipeline, message);
  } catch (error) {
    const fate = await outbox.failed(pipeline, message, faultText(error));
    log.error("notification failed", { pipeline, message: message.id, tries: message.tries + 1, fate });
  }
}

/** The record of a run that is closed; one that a person reopened meanwhile gets its record at its next end. */
async function writeSummary({ ledger }: ActivityDeps, runId: string): Promise<void> {
  const stored = await ledger.runs.find(runId);
  if (!stored || !isClosed(stored.run.state)) return;
  const run = withSteps(stored, await ledger.generations.list(runId));
  await ledger.blobs.putJson(ledger.containers.results, `${runId}/run.json`, runSummary(run));
}

import { z } from "zod";
import { compact } from "../domain/compact";
import type { JobRun, RunState, TaskRun } from "../domain/job-run";
import { boundedText } from "../logging/redact";
import type { TaskOutput } from "./jobs-client";

/** The Jobs API's snake_case answers, read tolerantly: a field of an unexpected type counts as absent, an id does not. */

const MESSAGE_LENGTH = 1000;
const TRACE_LENGTH = 8000;

const id = z.union([z.int(), z.string().regex(/^\d+$/)]).transform(String);
const text = z.string().optional().catch(undefined);
const millis = z.number().optional().catch(undefined);
const nextPageToken = z.string().optional().catch(undefined);

const stateFields = {
  state: z.object({ life_cycle_state: text, result_state: text, state_message: text }).optional().catch(undefined),
  status: z
    .object({
      state: text,
      termination_details: z.object({ code: text, type: text, message: text }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
};

const task = z.object({
  ...stateFields,
  run_id: id,
  task_key: z.string(),
  attempt_number: z.number().catch(0),
  depends_on: z.array(z.object({ task_key: z.string() })).catch([]),
  start_time: millis,
  end_time: millis,
});

/** One page of `runs/get`, or one item of `runs/list`. */
export const runPage = z.object({
  ...stateFields,
  run_id: id,
  job_id: id,
  run_name: text,
  run_page_url: text,
  start_time: millis,
  end_time: millis,
  run_duration: millis,
  queue_duration: millis,
  tasks: z.array(task).default([]),
  job_parameters: z.array(z.object({ name: z.string(), value: text, default: text })).default([]),
  next_page_token: nextPageToken,
});

/** One page of `jobs/list`. */
export const jobsPage = z.object({
  jobs: z.array(z.object({ job_id: id, settings: z.object({ name: text }).optional() })).default([]),
  next_page_token: nextPageToken,
});

/** One page of `runs/list`. */
export const runsPage = z.object({ runs: z.array(runPage).default([]), next_page_token: nextPageToken });

/** The answer of `run-now`. */
export const runNowAnswer = z.object({ run_id: id });

/** The answer of `runs/get-output`. */
export const outputAnswer = z.object({
  notebook_output: z
    .object({ result: text, truncated: z.boolean().catch(false) })
    .optional()
    .catch(undefined),
  error: text,
  error_trace: text,
});

/** One run from all its pages. */
export function toJobRun(pages: readonly [z.infer<typeof runPage>, ...z.infer<typeof runPage>[]]): JobRun {
  const [first] = pages;
  return compact<JobRun>({
    runId: first.run_id,
    jobId: first.job_id,
    runName: first.run_name,
    state: toState(first),
    jobParameters: Object.fromEntries(
      pages.flatMap((page) => page.job_parameters).map((item) => [item.name, item.value ?? item.default ?? ""]),
    ),
    tasks: pages.flatMap((page) => page.tasks).map(toTaskRun),
    url: first.run_page_url,
    startTimeMs: first.start_time || undefined,
    // Databricks says 0 for a run that has not ended.
    endTimeMs: first.end_time || undefined,
    runDurationMs: first.run_duration,
    queueDurationMs: first.queue_duration,
  });
}

/** What a task left behind, fit for records: errors bounded, without colour codes. The exit value is left as it is. */
export function toTaskOutput(answer: z.infer<typeof outputAnswer>): TaskOutput {
  return compact<TaskOutput>({
    result: answer.notebook_output?.result,
    truncated: answer.notebook_output?.truncated ?? false,
    error: answer.error === undefined ? undefined : boundedText(answer.error, MESSAGE_LENGTH),
    errorTrace: answer.error_trace === undefined ? undefined : boundedText(answer.error_trace, TRACE_LENGTH),
  });
}

function toTaskRun(item: z.infer<typeof task>): TaskRun {
  return compact<TaskRun>({
    runId: item.run_id,
    taskKey: item.task_key,
    attemptNumber: item.attempt_number,
    dependsOn: item.depends_on.map((dependency) => dependency.task_key),
    state: toState(item),
    startTimeMs: item.start_time || undefined,
    endTimeMs: item.end_time || undefined,
  });
}

function toState({ state, status }: Pick<z.infer<typeof runPage>, "state" | "status">): RunState {
  const details = status?.termination_details;
  const message = details?.message || state?.state_message;
  return compact<RunState>({
    lifeCycleState: state?.life_cycle_state,
    resultState: state?.result_state || undefined,
    statusState: status?.state,
    terminationCode: details?.code,
    terminationType: details?.type,
    message: message ? boundedText(message, MESSAGE_LENGTH) : undefined,
  });
}

import { causeOfCode, type FailureCause } from "../verdict";
import { entry, type MessageEntry } from "./message";

const WAIT =
  "It was repeated by the step's policy and refused every time: free the limit, or raise it, then retry the run.";
const AGAIN =
  "It was repeated by the step's policy: look at the Azure and Databricks status pages, then retry the run.";
/** A run keeps the definition that it began with. */
const NEW_LIMIT = "A raised limit holds for new runs alone: rerun it. A retry keeps the old one.";
const MEND_NOTEBOOK =
  "Mend the notebook, deploy the bundle, and retry the run: it goes on from this step with the same batch.";
const CHECK_JOB = "Compare resources/<step>.job.yml with the workspace, deploy the bundle, and retry the run.";

/** Codes of a run's error and of a step's verdict: our own, those of Databricks' `termination_details`, and those of its API. */
export const RUN_CODES = {
  // Our own.
  CANCELLED: entry(
    "A person cancelled the run.",
    "Nothing to mend. Retry it: it goes on with the same batch; or leave it, and a later run takes the batch over.",
  ),
  CANCEL_REQUESTED: entry(
    "The run was cancelled before this step's job was started.",
    "Nothing to mend. Retry the run when the work is wanted.",
  ),
  ABANDONED: entry(
    "A person closed the run, since nobody could prove the end of its Databricks runs.",
    "Look that none of them still writes, then retry the run.",
  ),
  SETTLED_BY_PERSON: entry(
    "A person said that the Databricks run has ended.",
    "Retry the run: it goes on from this step.",
  ),
  ORCHESTRATION_LOST: entry(
    "The run's orchestration was terminated or lost; its Databricks runs have ended.",
    "Retry the run: it goes on from its failed step.",
  ),
  INTERNAL: entry(
    "The orchestration met a fault of its own.",
    "Look for the run id in the app's log, report it with the app's version, and retry the run.",
  ),
  NOT_READY: entry(
    "A step lacks a precondition, such as a champion model.",
    "Give it what the message names (a champion: run the pipeline that trains), then retry the run.",
  ),
  RUN_TIMED_OUT: entry(
    "The run took longer than timeoutSeconds of its definition.",
    `Look which step took the time. Give the step more compute and retry the run; or raise timeoutSeconds. ${NEW_LIMIT}`,
  ),
  STEP_TIMED_OUT: entry(
    "The step took longer than its timeoutSeconds, and its Databricks run was cancelled.",
    `Look at the run's page for what it waited for. Give the step more compute and retry the run; or raise its timeoutSeconds. ${NEW_LIMIT}`,
  ),
  START_TIMED_OUT: entry(
    "The job could not be started within the time limit.",
    "Mend what the message names (`health` checks every job), and retry the run.",
  ),
  NOT_ENDED: entry(
    "The Databricks run did not end when it was cancelled.",
    "Look at its page: end it there. Where its end cannot be proven, settle the run; then retry it.",
  ),
  NEVER_STARTED: entry(
    "The run ended before this job was started.",
    "Nothing to mend here: look at the run's own error.",
  ),
  RUN_NOT_SEEN: entry(
    "The job's start was called and not answered, and for minutes Databricks listed no run of it: it never began, or a person deleted it.",
    "Retry the run: the step runs again, and changes nothing that a deleted run had written.",
  ),
  RESULT_NOT_READ: entry(
    "The job ended while nobody waited for it, so its result was not read.",
    "Retry the run: the step runs again, and changes nothing that it had written.",
  ),
  UNKNOWN_STATE: entry(
    "Databricks reported a state that this version does not know, and lists the run as active no more.",
    "Look at the run's page, then retry the run; report the state, so that it gets known.",
  ),
  OUTPUT_UNREADABLE: entry(
    "The job ended, and its output could not be read.",
    "Give the identity the right to view the job's runs (CAN VIEW), then retry the run.",
  ),
  NO_TASKS: entry("Databricks called a run without tasks successful.", CHECK_JOB),
  RUN_DELETED: entry(
    "Databricks does not know the run any more: somebody deleted it.",
    "Nobody can tell what it did. Retry the run: the step runs again, and changes nothing that was written.",
  ),
  EXIT_JSON_MISSING: entry(
    "The notebook ended without its exit JSON.",
    `End it with dbutils.notebook.exit (contracts.md section 4). ${MEND_NOTEBOOK}`,
  ),
  EXIT_JSON_TOO_LARGE: entry(
    "The exit JSON is over 32 KiB.",
    `Write what is long to the outcome file. ${MEND_NOTEBOOK}`,
  ),
  EXIT_JSON_INVALID: entry(
    "The exit JSON does not fit its schema.",
    `The message names the field (contracts.md section 4). ${MEND_NOTEBOOK}`,
  ),
  EXIT_JSON_FOREIGN: entry(
    "The exit JSON is of another step or run.",
    "The notebook must give back the parameters run_id and its own step. Mend it, deploy the bundle, and retry the run.",
  ),
  EXIT_COUNTS_MISSING: entry(
    "The exit JSON of a step that reads the manifest lacks counts.",
    `Give all seven (contracts.md section 4). ${MEND_NOTEBOOK}`,
  ),
  EXIT_COUNTS_DISAGREE: entry(
    "The counts of the exit JSON contradict each other or the manifest: files or rows were lost.",
    `Do not trust the tables of this step before you know why. ${MEND_NOTEBOOK}`,
  ),
  // Databricks: the code of the job.
  RUN_EXECUTION_ERROR: entry(
    "The notebook raised an error.",
    `The message, the cell and the end of the trace are in the run. ${MEND_NOTEBOOK}`,
  ),
  SUCCESS_WITH_FAILURES: entry(
    "The job ended, but some of its tasks failed.",
    "Look at the tasks on the run's page, mend what failed, and retry the run.",
  ),
  FAILED: entry("The Databricks run failed.", `Its page has the error. ${MEND_NOTEBOOK}`),
  TIMEDOUT: entry(
    "The job's own time-out in Databricks ended it.",
    "Raise timeout_seconds of the job, or the step's compute, and retry the run.",
  ),
  // Databricks: the platform.
  INTERNAL_ERROR: entry("Databricks met a fault of its own.", AGAIN),
  DRIVER_ERROR: entry(
    "The Spark driver was lost, often for want of memory.",
    "It was repeated by the step's policy. If it comes again, take a larger driver in resources/<step>.job.yml; then retry the run.",
  ),
  CLUSTER_ERROR: entry(
    "The cluster could not be started, or was lost.",
    "It was repeated by the step's policy: look at the cluster's event log, then retry the run.",
  ),
  CLOUD_FAILURE: entry("Azure could not give what the cluster asked for.", AGAIN),
  STORAGE_ACCESS_ERROR: entry(
    "Databricks could not reach the storage.",
    "It was repeated by the step's policy: check the external location and its credential, and the account's firewall; then retry the run.",
  ),
  REPOSITORY_CHECKOUT_FAILED: entry(
    "Databricks could not fetch the notebook's repository.",
    "Deploy the bundle, or check the Git credential of the job; then retry the run.",
  ),
  LIBRARY_INSTALLATION_ERROR: entry(
    "A library of the job could not be installed.",
    "It was repeated by the step's policy: check the libraries in resources/<step>.job.yml and the way to the package index; then retry the run.",
  ),
  BREAKING_CHANGE: entry(
    "Databricks stopped the run for a change of its own.",
    "Look at the run's page for what changed, take another runtime version if it says so, and retry the run.",
  ),
  // Databricks: limits.
  CLUSTER_REQUEST_LIMIT_EXCEEDED: entry("Too many clusters were asked for at once.", WAIT),
  WORKSPACE_RUN_LIMIT_EXCEEDED: entry("The workspace runs as many runs as it may.", WAIT),
  MAX_CONCURRENT_RUNS_EXCEEDED: entry(
    "The job runs as often as it may at once.",
    "End what else runs it, or raise max_concurrent_runs of the job; then retry the run.",
  ),
  MAXIMUM_CONCURRENT_RUNS_REACHED: entry(
    "The job runs as often as it may at once.",
    "End what else runs it, or raise max_concurrent_runs of the job; then retry the run.",
  ),
  MAX_SPARK_CONTEXTS_EXCEEDED: entry("The cluster has no room for another Spark context.", WAIT),
  MAX_JOB_QUEUE_SIZE_EXCEEDED: entry("The job's queue in Databricks is full.", WAIT),
  // Databricks: settings and rights.
  INVALID_CLUSTER_REQUEST: entry("The cluster that the job asks for is not valid.", CHECK_JOB),
  INVALID_RUN_CONFIGURATION: entry("The settings of the run are not valid.", CHECK_JOB),
  FEATURE_DISABLED: entry(
    "The workspace does not have what the job asks for.",
    "Ask the workspace's administrator, or take other compute (DATABRICKS_COMPUTE); then retry the run.",
  ),
  UNAUTHORIZED_ERROR: entry(
    "The identity that the job runs as may not do what it does.",
    "Grant what the message names to the job's identity (run_as), then retry the run.",
  ),
  RESOURCE_NOT_FOUND: entry("Something that the job names does not exist in the workspace.", CHECK_JOB),
  BUDGET_POLICY_LIMIT_EXCEEDED: entry(
    "The budget of the job's policy is used up.",
    "Raise the budget, or wait for its next period; then retry the run.",
  ),
  // Databricks: ended by somebody.
  USER_CANCELED: entry(
    "Somebody cancelled the run in Databricks.",
    "Ask who and why; retry the run when the work is wanted.",
  ),
  CANCELED: entry("The run was cancelled in Databricks.", "Ask who and why; retry the run when the work is wanted."),
  CLUSTER_TERMINATED_BY_USER: entry(
    "Somebody ended the cluster under the run.",
    "Ask who and why: a retry starts a cluster again. Then retry the run.",
  ),
  SKIPPED: entry(
    "Databricks did not execute the run, since another one of the job was active.",
    "It was repeated by the step's policy. End what else runs the job, then retry the run.",
  ),
  DISABLED: entry("The task is disabled in the job.", CHECK_JOB),
  EXCLUDED: entry("The task was left out of the run.", CHECK_JOB),
  UPSTREAM_FAILED: entry(
    "A task that this one waits for failed.",
    "Look at that task on the run's page, mend it, and retry the run.",
  ),
  UPSTREAM_CANCELED: entry(
    "A task that this one waits for was cancelled.",
    "Ask who cancelled it and why; then retry the run.",
  ),
  // Databricks: answers of its API when a job should have been started.
  JOB_NOT_FOUND: entry(
    "No job, or more than one, has the name that the definition gives.",
    "Deploy the bundle, or check DATABRICKS_JOB_NAME_PREFIX and the identity's right to see the job; `health` names every job. Then retry the run.",
  ),
  PERMISSION_DENIED: entry(
    "The app's identity may not start the job.",
    "Give it CAN MANAGE RUN on the job (docs/deploy.md), then retry the run.",
  ),
  UNAUTHENTICATED: entry(
    "Databricks does not know the app's identity.",
    "Mend the sign-in that the message names (DATABRICKS_AUTH), then retry the run.",
  ),
  INVALID_PARAMETER_VALUE: entry(
    "Databricks refused a parameter of the job.",
    "Deploy the bundle, so that the job has the parameters that this version sends; then retry the run.",
  ),
  RESOURCE_DOES_NOT_EXIST: entry(
    "The job, or something that it needs, is gone from the workspace.",
    "Deploy the bundle, then retry the run.",
  ),
} as const satisfies Readonly<Record<string, MessageEntry>>;

/** What to do by the cause, where a code has no entry of its own. */
export const CAUSES: Readonly<Record<FailureCause, MessageEntry>> = {
  code: entry("The notebook, or another part of the run's own code, failed.", MEND_NOTEBOOK),
  platform: entry("Driver, cluster, cloud or storage failed, and the step's policy used up its tries.", AGAIN),
  quota: entry("A limit of the workspace was met, and waiting did not help.", WAIT),
  configuration: entry("Cluster, permission or settings of the job are wrong.", CHECK_JOB),
  cancelled: entry("Somebody cancelled it.", "Ask who and why; retry the run when the work is wanted."),
  timedOut: entry(
    "A time limit ended it.",
    "Look what took the time; raise the limit or the compute, and retry the run.",
  ),
  deleted: entry(
    "The Databricks run was deleted.",
    "Retry the run: the step runs again, and changes nothing that was written.",
  ),
  skipped: entry("Databricks did not execute it.", "End what else runs the job, then retry the run."),
  unknown: entry(
    "It ended in a way that this version does not know.",
    "Look at the run's page in Databricks, mend what it names, and retry the run; report the code, so that it gets known.",
  ),
};

/** The remedy for an error code of a run or a step; the cause decides where the code has none of its own. */
export function remedyOfCode(code: string, cause?: string | null): string {
  if (code in RUN_CODES) return RUN_CODES[code as keyof typeof RUN_CODES].remedy;
  const known = cause !== undefined && cause !== null && cause in CAUSES ? (cause as FailureCause) : causeOfCode(code);
  return CAUSES[known].remedy;
}

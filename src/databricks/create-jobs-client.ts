import type { z } from "zod";
import { DatabricksApiError, JobNotFoundError, RunNotFoundError } from "../errors";
import { isNotFound, type ApiCall, type ApiCaller } from "./api-caller";
import type { JobRun } from "../domain/job-run";
import type { JobsClient } from "./jobs-client";
import { jobsPage, outputAnswer, runNowAnswer, runPage, runsPage, toJobRun, toTaskOutput } from "./jobs-json";

const JOBS = "/api/2.2/jobs";
/** More pages than this of one answer mean that the server repeats itself. */
const MAX_PAGES = 500;
const MAX_TOKEN_LENGTH = 64;

/** The Jobs client over any caller of the REST API. */
export function createJobsClientOver(call: ApiCaller): JobsClient {
  return {
    findJobId: (name) => findJobId(call, name),

    async runNow({ jobId, idempotencyToken, jobParameters, only }) {
      // Without a token a repeated call would start a second run.
      if (idempotencyToken.length === 0 || idempotencyToken.length > MAX_TOKEN_LENGTH) {
        throw new RangeError(
          `idempotency token of ${idempotencyToken.length} characters: expected 1 to ${MAX_TOKEN_LENGTH}`,
        );
      }
      const body = {
        ...{ job_id: BigInt(jobId), idempotency_token: idempotencyToken, job_parameters: jobParameters },
        ...(only ? { only } : {}),
      };
      try {
        const answer = await call({ method: "POST", path: `${JOBS}/run-now`, body, idempotent: true });
        return read(runNowAnswer, answer, "run-now").run_id;
      } catch (error) {
        throw deletedByToken(error) ?? error;
      }
    },

    async getRun(runId) {
      const request: ApiCall = { method: "GET", path: `${JOBS}/runs/get`, query: { run_id: runId }, idempotent: true };
      const [first, ...rest] = await runNotFound(runId, () => allPages(call, request, runPage));
      if (!first) throw new RunNotFoundError(runId);
      return toJobRun([first, ...rest]);
    },

    async getTaskOutput(taskRunId) {
      const request: ApiCall = {
        method: "GET",
        path: `${JOBS}/runs/get-output`,
        query: { run_id: taskRunId },
        idempotent: true,
      };
      return toTaskOutput(read(outputAnswer, await runNotFound(taskRunId, () => call(request)), "runs/get-output"));
    },

    async cancelRun(runId) {
      try {
        await call({ method: "POST", path: `${JOBS}/runs/cancel`, body: { run_id: BigInt(runId) }, idempotent: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },

    listActiveRuns: async (jobId) => listRuns(call, { job_id: jobId, active_only: "true" }),

    listCompletedRuns: async (jobId, startedFrom) =>
      listRuns(call, { job_id: jobId, completed_only: "true", start_time_from: String(startedFrom.getTime()) }),
  };
}

async function listRuns(call: ApiCaller, filter: Readonly<Record<string, string>>): Promise<JobRun[]> {
  const query = { ...filter, limit: "24" };
  const pages = await allPages(call, { method: "GET", path: `${JOBS}/runs/list`, query, idempotent: true }, runsPage);
  return pages.flatMap((page) => page.runs).map((run) => toJobRun([run]));
}

/** A token whose run was deleted starts nothing: the answer is an error that speaks of the run. */
function deletedByToken(error: unknown): RunNotFoundError | undefined {
  if (!(error instanceof DatabricksApiError) || error.status < 400 || error.status >= 500) return undefined;
  const reason = error.reason ?? "";
  if (!/\brun\b.*(deleted|(does not|doesn't) exist)/i.test(reason)) return undefined;
  return new RunNotFoundError(/\d{3,}/.exec(reason)?.[0] ?? "of this idempotency token", { cause: error });
}

/** The filter of the server ignores case; we do not, or a name that differs by case only would start the wrong job. */
async function findJobId(call: ApiCaller, name: string): Promise<string> {
  const request: ApiCall = { method: "GET", path: `${JOBS}/list`, query: { name, limit: "100" }, idempotent: true };
  const jobs = (await allPages(call, request, jobsPage)).flatMap((page) => page.jobs);
  const [job, ...others] = jobs.filter((candidate) => candidate.settings?.name === name);
  if (job && others.length === 0) return job.job_id;
  if (job) {
    const ids = [job, ...others].map((candidate) => candidate.job_id).join(", ");
    throw new JobNotFoundError(
      name,
      `${others.length + 1} jobs are named "${name}" (ids ${ids}): rename or delete all but one`,
    );
  }
  const similar = jobs
    .map((candidate) => candidate.settings?.name)
    .find((other) => other?.toLowerCase() === name.toLowerCase());
  const hint = similar
    ? `a job "${similar}" differs by case`
    : "deploy the bundle, or check DATABRICKS_JOB_NAME_PREFIX and the identity's rights";
  throw new JobNotFoundError(name, `no job is named "${name}": ${hint}`);
}

async function allPages<T extends { next_page_token?: string | undefined }>(
  call: ApiCaller,
  request: ApiCall,
  schema: z.ZodType<T>,
): Promise<T[]> {
  const pages: T[] = [];
  let pageToken: string | undefined;
  do {
    const query = { ...request.query, ...(pageToken ? { page_token: pageToken } : {}) };
    const page = read(schema, await call({ ...request, query }), request.path);
    pages.push(page);
    pageToken = page.next_page_token || undefined;
    if (pages.length >= MAX_PAGES && pageToken) {
      throw new DatabricksApiError(`${request.path} has more than ${MAX_PAGES} pages`, {
        status: 200,
        errorCode: "UNEXPECTED_ANSWER",
      });
    }
  } while (pageToken);
  return pages;
}

function read<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".") || "the body").join(", ");
  throw new DatabricksApiError(`the answer of ${what} is not usable: ${fields}`, {
    status: 200,
    errorCode: "UNEXPECTED_ANSWER",
  });
}

async function runNotFound<T>(runId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isNotFound(error) ? new RunNotFoundError(runId, { cause: error }) : error;
  }
}

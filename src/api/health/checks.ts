import type { TableClient } from "@azure/data-tables";
import type { BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import type { JobsClient } from "../../databricks/jobs-client";
import { remedyOfCheck } from "../../domain/messages/standing";
import { JobNotFoundError } from "../../errors";
import { boundedText } from "../../logging/redact";

/** Thrown by a check that could not be made because another one failed. */
class SkippedCheckError extends Error {
  override readonly name = "SkippedCheckError";
}

/** One check: resolves when all is well, throws an error that says what to do. */
export interface HealthCheck {
  readonly name: string;
  /** What the app needs it for: without its storage it can take no request. */
  readonly part: "storage" | "databricks";
  /** What to look at when no answer comes at all. */
  readonly hint: string;
  run(signal: AbortSignal): Promise<void>;
}

/** The outcome of one check. */
export interface HealthResult {
  readonly name: string;
  readonly status: "ok" | "failed" | "skipped";
  readonly message: string;
  /** What to do; null when all is well. */
  readonly remedy: string | null;
}

/** A check that hangs counts as failed. */
const CHECK_TIMEOUT_MS = 20_000;

/** Written by the write check. */
const HEALTH_BLOB = "health-check";

const CHECK_STORAGE = "check DATA_STORAGE and that the account can be reached";
const CHECK_DATABRICKS = "check DATABRICKS_HOST and that the workspace can be reached";

/** Runs all checks at once; never throws. */
export function runHealthChecks(checks: readonly HealthCheck[], timeoutMs = CHECK_TIMEOUT_MS): Promise<HealthResult[]> {
  return Promise.all(
    checks.map(async (check): Promise<HealthResult> => {
      const { name } = check;
      try {
        await withTimeout(check, timeoutMs);
        return { name, status: "ok", message: "", remedy: null };
      } catch (error) {
        const message = boundedText(error instanceof Error ? error.message : "failed", 500);
        const isSkipped = error instanceof SkippedCheckError;
        return {
          name,
          status: isSkipped ? "skipped" : "failed",
          message,
          remedy: isSkipped ? null : remedyOfCheck(name),
        };
      }
    }),
  );
}

async function withTimeout(check: HealthCheck, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const expired = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error(`no answer within ${timeoutMs / 1000} s: ${check.hint}`));
    });
  });
  await Promise.race([check.run(signal), expired]);
}

/** Checks that a container is there and may be read. */
export function containerCheck(container: ContainerClient, setting: string): HealthCheck {
  return {
    name: `container ${container.containerName}`,
    part: "storage",
    hint: CHECK_STORAGE,
    async run(abortSignal) {
      await explained(
        `container ${container.containerName} (${setting})`,
        "Storage Blob Data Contributor",
        async () => {
          if (await container.exists({ abortSignal })) return;
          throw new Error(`container ${container.containerName} does not exist: create it, or change ${setting}`);
        },
      );
    },
  };
}

/** Checks that a table of the ledger may be read; a table that is not there yet is created on first use. */
export function tableCheck(table: TableClient): HealthCheck {
  return {
    name: `table ${table.tableName}`,
    part: "storage",
    hint: CHECK_STORAGE,
    async run(abortSignal) {
      await explained(`table ${table.tableName} (LEDGER_TABLE_PREFIX)`, "Storage Table Data Contributor", async () => {
        try {
          await table.listEntities({ abortSignal }).byPage({ maxPageSize: 1 }).next();
        } catch (error) {
          if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        }
      });
    },
  };
}

/** Checks that the ledger's tables are ours. */
export function ledgerOwnerCheck(checkOwner: () => Promise<void>): HealthCheck {
  return { name: "ledger owner", part: "storage", hint: CHECK_STORAGE, run: checkOwner };
}

/** Checks that the app may write where frozen bytes and records go. The probe is written once, since blobs may be immutable. */
export function writeCheck(container: ContainerClient, setting: string): HealthCheck {
  return {
    name: `write to ${container.containerName}`,
    part: "storage",
    hint: CHECK_STORAGE,
    async run(abortSignal) {
      await explained(
        `container ${container.containerName} (${setting})`,
        "Storage Blob Data Contributor",
        async () => {
          const options = { abortSignal, conditions: { ifNoneMatch: "*" } };
          try {
            await container.getBlockBlobClient(HEALTH_BLOB).upload("ok", 2, options);
          } catch (error) {
            // "Already there" is said only to those who may write.
            if ((error as { statusCode?: number }).statusCode !== 409) throw error;
          }
        },
      );
    },
  };
}

/** Checks that the identity may sign the copies of drops: without it every freeze fails. */
export function delegationKeyCheck(service: BlobServiceClient): HealthCheck {
  return {
    name: "user delegation key",
    part: "storage",
    hint: CHECK_STORAGE,
    async run(abortSignal) {
      await explained("the user delegation key of the account", "Storage Blob Delegator", async () => {
        const now = Date.now();
        await service.getUserDelegationKey(new Date(now), new Date(now + 600_000), { abortSignal });
      });
    },
  };
}

async function explained(what: string, role: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "RestError") throw error;
    const { statusCode, code } = error as Error & { statusCode?: number; code?: string };
    const refused = statusCode === 401 || statusCode === 403;
    const message = refused
      ? `no access to ${what} (${code}): check DATA_STORAGE, or grant the role ${role}`
      : `${what} cannot be read (${code ?? statusCode ?? "no answer"}): ${CHECK_STORAGE}`;
    throw new Error(message, { cause: error });
  }
}

/**
 * Checks that Databricks answers and that each job is there, once.
 *
 * @param jobs a client with a small budget, so that an outage is told and not waited for
 */
export function databricksChecks(jobs: JobsClient, jobNames: readonly string[]): HealthCheck[] {
  const names = [...new Set(jobNames)];
  const isOwnFault = (error: unknown) => error instanceof JobNotFoundError;
  // One round of look-ups serves the check of Databricks and those of the jobs.
  let round: Promise<PromiseSettledResult<string>[]> | undefined;
  const look = () => {
    round ??= Promise.allSettled(names.map((name) => jobs.findJobId(name))).finally(() => {
      round = undefined;
    });
    return round;
  };
  const outage = (results: readonly PromiseSettledResult<string>[]): Error | undefined => {
    const rejected = results.find((result) => result.status === "rejected" && !isOwnFault(result.reason));
    return rejected?.status === "rejected" ? (rejected.reason as Error) : undefined;
  };
  const reachable: HealthCheck = {
    name: "databricks",
    part: "databricks",
    hint: CHECK_DATABRICKS,
    async run() {
      const fault = outage(await look());
      if (fault) throw fault;
    },
  };
  const each = names.map((name, index): HealthCheck => ({
    name: `job ${name}`,
    part: "databricks",
    hint: CHECK_DATABRICKS,
    async run() {
      const result = (await look())[index];
      if (result?.status !== "rejected") return;
      throw isOwnFault(result.reason) ? result.reason : new SkippedCheckError("not checked: see databricks");
    },
  }));
  return [reachable, ...each];
}

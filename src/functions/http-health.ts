import { json, registerHttp, type ApiHandler } from "../api/http-function";
import { runHealthChecks, type HealthCheck } from "../api/health-checks";

/** What the health endpoint checks, and the version it names. */
export interface HealthDeps {
  readonly checks: readonly HealthCheck[];
  readonly version: string;
}

/** Runs every check: 200 when all passed, 503 when one failed. */
export function createHealthHandler({ checks, version }: HealthDeps): ApiHandler {
  return async () => {
    const results = await runHealthChecks(checks);
    const healthy = results.every((result) => result.status === "ok");
    return json(
      healthy ? 200 : 503,
      { status: healthy ? "healthy" : "unhealthy", version, checks: results },
      { "cache-control": "no-store" },
    );
  };
}

/** Registers `GET health`. */
export function registerHealth(deps: HealthDeps): void {
  registerHttp("health", createHealthHandler(deps));
}

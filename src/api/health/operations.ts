import type { ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { runHealthChecks, type HealthCheck } from "./checks";
import { healthSchema, liveSchema } from "./schemas";

type Health = Pick<ApiPorts, "checks" | "version">;

const health = operation({
  id: "health",
  summary: "Check storage, Databricks and every job",
  http: { method: "GET", path: "health" },
  command: "health",
  access: "reader",
  readOnly: true,
  answers: {
    200: { description: "All checks passed", schema: healthSchema },
    503: { description: "A check failed; it names the setting or permission", schema: healthSchema },
  },
  problems: [],
  run: async (_call, { checks, version }: Health) => checked(checks, version),
});

const live = operation({
  id: "healthLive",
  summary: "Tell that the app answers",
  http: { method: "GET", path: "health/live" },
  onlyHttp: "a probe of the platform asks it",
  access: "anyone",
  readOnly: true,
  answers: { 200: { description: "It does", schema: liveSchema } },
  problems: [],
  run: () => answer(200, { status: "alive" as const }),
});

const ready = operation({
  id: "healthReady",
  summary: "Tell whether the app can work: storage and ledger, without Databricks",
  description: "A Databricks that is away stops no one from asking for runs: they wait for it.",
  http: { method: "GET", path: "health/ready" },
  onlyHttp: "a probe of the platform asks it",
  access: "reader",
  readOnly: true,
  answers: {
    200: { description: "Every check of the storage passed", schema: healthSchema },
    503: { description: "A check failed; it names the setting or permission", schema: healthSchema },
  },
  problems: [],
  run: async (_call, { checks, version }: Health) =>
    checked(
      checks.filter(({ part }) => part === "storage"),
      version,
    ),
});

async function checked(checks: readonly HealthCheck[], version: string) {
  const results = await runHealthChecks(checks);
  const healthy = results.every((result) => result.status === "ok");
  const status = healthy ? ("healthy" as const) : ("unhealthy" as const);
  return answer(healthy ? 200 : 503, { status, version, checks: results });
}

export const HEALTH_OPERATIONS = [health, live, ready];

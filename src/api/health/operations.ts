import type { ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { runHealthChecks } from "./checks";
import { healthSchema } from "./schemas";

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
  async run(_call, { checks, version }: Pick<ApiPorts, "checks" | "version">) {
    const results = await runHealthChecks(checks);
    const healthy = results.every((result) => result.status === "ok");
    const status = healthy ? ("healthy" as const) : ("unhealthy" as const);
    return answer(healthy ? 200 : 503, { status, version, checks: results });
  },
});

export const HEALTH_OPERATIONS = [health];

import { parseJson } from "../../databricks/int64-json";
import { invocationLogger } from "../../logging/logger";
import type { ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { webhookBody } from "./schemas";

/** Its content is never believed: whoever waits for the run reads the run again, only sooner. */
const databricksWebhook = operation({
  id: "databricksWebhook",
  summary: "Take a Databricks notification; it only hastens the next look at the run",
  http: { method: "POST", path: "databricks/webhook" },
  onlyHttp: "Databricks calls it",
  access: "webhook",
  readOnly: false,
  body: webhookBody,
  parseBody: parseJson,
  answers: { 204: { description: "Taken, whether or not the run is ours" } },
  problems: ["unauthorised", "webhook-off"],
  async run({ body: { run }, starter }, { runs }: Pick<ApiPorts, "runs">) {
    const ours = await runs.wakeStepOf(String(run.run_id), starter);
    invocationLogger.info("databricks notification", { databricksRunId: String(run.run_id), ours });
    return answer(204);
  },
});

export const WEBHOOK_OPERATIONS = [databricksWebhook];

import { createHash, timingSafeEqual } from "node:crypto";
import type { ApiDeps } from "../api/deps";
import { registerHttp, type ApiHandler } from "../api/http-function";
import { HttpProblem } from "../api/problem";
import { readBody } from "../api/read-request";
import { webhookBody } from "../api/schemas";
import { parseJson } from "../databricks/int64-json";
import { invocationLogger } from "../logging/logger";

/** The user and password of the notification destination in Databricks. */
export interface WebhookCredentials {
  readonly user: string;
  readonly password: string;
}

type WebhookDeps = Pick<ApiDeps, "runs" | "starterFor"> & { readonly webhook?: WebhookCredentials | undefined };

/** Takes a notification. Its content is never believed: whoever waits for the run reads the run again, only sooner. */
export function createDatabricksWebhookHandler({ runs, starterFor, webhook }: WebhookDeps): ApiHandler {
  return async (request, context) => {
    if (!webhook) {
      const detail = "Set DATABRICKS_WEBHOOK_USER and DATABRICKS_WEBHOOK_PASSWORD to switch the webhook on.";
      throw new HttpProblem(404, "webhook-off", "The webhook is switched off", detail);
    }
    if (!isAuthorised(request.headers.get("authorization"), webhook)) {
      const challenge = { "www-authenticate": 'Basic realm="batchkeeper"' };
      throw new HttpProblem(401, "unauthorised", "Unauthorised", "Basic authentication is needed.", [], challenge);
    }
    const { run } = await readBody(request, webhookBody, parseJson);
    const ours = await runs.wakeStepOf(String(run.run_id), starterFor(context));
    invocationLogger.info("databricks notification", { databricksRunId: String(run.run_id), ours });
    return { status: 204 };
  };
}

/** Compares digests, so that the time taken tells neither a prefix nor a length. */
function isAuthorised(header: string | null, { user, password }: WebhookCredentials): boolean {
  const sent = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (value: Buffer | string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(Buffer.from(sent, "base64")), digest(`${user}:${password}`));
}

/** Registers `POST databricks/webhook`. */
export function registerDatabricksWebhook(deps: WebhookDeps): void {
  registerHttp("databricksWebhook", createDatabricksWebhookHandler(deps), "durable");
}

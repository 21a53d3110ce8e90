import { randomBytes } from "node:crypto";
import type { LocalDatabricks } from "../databricks/spawn";

const DISPLAY_NAME = "batchkeeper";

/** User and password that the local Databricks sends with its notifications, and the app settings that ask for them. */
export interface WebhookAccess {
  readonly user: string;
  readonly password: string;
}

export function newWebhookAccess(): WebhookAccess {
  return { user: "databricks", password: randomBytes(24).toString("hex") };
}

/**
 * Has every job of the workspace notify the app when a run ends, as an administrator does in Azure: a notification destination, then
 * `webhook_notifications` of each job. Replaces the destination of an earlier life, whose password is gone.
 */
export async function notifyApp(
  databricks: LocalDatabricks,
  functionsUrl: string,
  { user, password }: WebhookAccess,
): Promise<void> {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${databricks.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${databricks.token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const destinations = "/api/2.0/notification-destinations";
  const { results } = await call<{ results: { id: string; display_name: string }[] }>("GET", destinations);
  for (const old of results.filter(({ display_name }) => display_name === DISPLAY_NAME))
    await call("DELETE", `${destinations}/${old.id}`);
  const url = `${functionsUrl}/api/databricks/webhook`;
  const config = { generic_webhook: { url, username: user, password } };
  const { id } = await call<{ id: string }>("POST", destinations, { display_name: DISPLAY_NAME, config });
  const { jobs = [] } = await call<{ jobs?: { job_id: number }[] }>("GET", "/api/2.2/jobs/list?limit=100");
  const webhook_notifications = { on_success: [{ id }], on_failure: [{ id }] };
  for (const { job_id } of jobs)
    await call("POST", "/api/2.2/jobs/update", { job_id, new_settings: { webhook_notifications } });
}

import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "../problems";

/** The user and password of the notification destination in Databricks. */
export interface WebhookCredentials {
  readonly user: string;
  readonly password: string;
}

/** @throws Problem 404 when the webhook is off, 401 unless the header holds its user and password */
export function requireWebhook(authorization: string | null, webhook: WebhookCredentials | undefined): void {
  if (!webhook) throw new Problem("webhook-off", "The app has no user and password for it.");
  if (isAuthorised(authorization, webhook)) return;
  const headers = { "www-authenticate": 'Basic realm="batchkeeper"' };
  throw new Problem("unauthorised", "Basic authentication is needed.", { headers });
}

/** Compares digests, so that the time taken tells neither a prefix nor a length. */
function isAuthorised(header: string | null, { user, password }: WebhookCredentials): boolean {
  const sent = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (value: Buffer | string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(Buffer.from(sent, "base64")), digest(`${user}:${password}`));
}

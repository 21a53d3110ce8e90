import axios from "axios";
import type { Config } from "../config/config";
import { webhookBody } from "../domain/notification/bodies";
import { lineageEvents } from "../domain/notification/open-lineage";
import { otlpTraces } from "../domain/notification/otlp";
import type { Notifier } from "../runs/deps";

const TIMEOUT_MS = 15_000;

/** What the notifier needs of the settings. */
export type NotifierConfig = Pick<Config, "notifications" | "deploymentId"> & {
  readonly databricks: Pick<Config["databricks"], "host">;
  readonly version: string;
};

async function post(
  what: string,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  try {
    await axios.post(url, body, { timeout: TIMEOUT_MS, maxRedirects: 0, headers });
  } catch (error) {
    // The URL may hold a secret and axios puts it into its errors: tell only the status.
    const status = axios.isAxiosError(error) ? (error.response?.status ?? error.code) : "unknown";
    // eslint-disable-next-line preserve-caught-error -- a cause would carry the URL into the log
    throw new Error(`${what} did not take the message (${status})`);
  }
}

/** Posts what is about a topic that is listened to. The receiver may get one twice and tells it by its id. */
function webhook(url: string, { notifications, deploymentId }: NotifierConfig): Notifier {
  const topics = new Set(notifications.topics);
  return {
    async notify(notification) {
      if (!notification.remarks.some(({ topic }) => topics.has(topic))) return;
      const { contentType, body } = webhookBody(notification, notifications.format, deploymentId);
      await post("notification webhook", url, body, { "content-type": contentType });
    },
  };
}

function openLineage({ url, apiKey }: { url: string; apiKey?: string }, config: NotifierConfig): Notifier {
  const settings = { deploymentId: config.deploymentId, workspace: config.databricks.host };
  const headers = { "content-type": "application/json", ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) };
  return {
    async notify(notification) {
      for (const event of lineageEvents(notification, settings)) await post("OpenLineage", url, event, headers);
    },
  };
}

/** Sends the trace of an attempt that ended. Its ids are the same at every try. */
function traces(
  { url, headers }: { url: string; headers: Readonly<Record<string, string>> },
  config: NotifierConfig,
): Notifier {
  return {
    async notify({ runId }, spans) {
      const told = await spans();
      if (told.length === 0 || runId === null) return;
      const body = otlpTraces(runId, told, { deploymentId: config.deploymentId, version: config.version });
      await post("OTLP endpoint", `${url.replace(/\/+$/, "")}/v1/traces`, body, {
        "content-type": "application/json",
        ...headers,
      });
    },
  };
}

/**
 * Tells every receiver that the settings name; none is no fault. When one of them does not take a message, the message is told again
 * later, to all: each tells a repetition by its id.
 */
export function createNotifier(config: NotifierConfig): Notifier {
  const { webhookUrl, openLineage: lineage, otlp } = config.notifications;
  const receivers = [
    ...(webhookUrl === undefined ? [] : [webhook(webhookUrl, config)]),
    ...(lineage === undefined ? [] : [openLineage(lineage, config)]),
    ...(otlp === undefined ? [] : [traces(otlp, config)]),
  ];
  return {
    async notify(notification, spans) {
      const told = await Promise.allSettled(receivers.map(async (receiver) => receiver.notify(notification, spans)));
      const faults = told.flatMap((one) => (one.status === "rejected" ? [String((one.reason as Error).message)] : []));
      if (faults.length > 0) throw new Error(faults.join("; "));
    },
  };
}

import { sentencesOf, factsOf, severityOf, titleOf, type Notification } from "./notification";

/** Forms in which a webhook may want its notifications. */
export const NOTIFICATION_FORMATS = ["json", "cloudevents", "teams", "slack"] as const;
export type NotificationFormat = (typeof NOTIFICATION_FORMATS)[number];

/** A body with its content type. */
export interface WebhookBody {
  readonly contentType: string;
  readonly body: unknown;
}

const MAX_TEXT = 2500;
const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
const COLOURS = { error: "attention", warning: "warning", good: "good" } as const;
const MARKS = { error: ":red_circle:", warning: ":large_yellow_circle:", good: ":large_green_circle:" } as const;

/** A message with one Adaptive Card, as the webhooks of Teams workflows take it (at most 28 KB). */
export function teamsCard(notification: Notification): unknown {
  const text = (value: string, more: object = {}) => ({
    type: "TextBlock",
    text: cut(value, MAX_TEXT),
    wrap: true,
    ...more,
  });
  const urls = notification.databricksRunUrls.slice(0, 5);
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [
      text(titleOf(notification), { size: "Large", weight: "Bolder", color: COLOURS[severityOf(notification)] }),
      ...sentencesOf(notification)
        .slice(0, 8)
        .map((sentence) => text(sentence)),
      { type: "FactSet", facts: factsOf(notification).map(([title, value]) => ({ title, value: cut(value, 200) })) },
    ],
    actions: urls.map((url, index) => ({ type: "Action.OpenUrl", title: `Databricks run ${index + 1}`, url })),
  };
  const attachment = { contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content };
  return { type: "message", attachments: [attachment] };
}

/** Slack takes these three for mark-up. */
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Text and blocks for an incoming webhook of Slack. */
export function slackBody(notification: Notification): unknown {
  const title = titleOf(notification);
  const markdown = (text: string) => ({ type: "mrkdwn", text });
  const links = notification.databricksRunUrls.slice(0, 5).map((url, index) => `<${url}|Databricks run ${index + 1}>`);
  const said = cut(escaped(sentencesOf(notification).join("\n")), MAX_TEXT);
  const fields = factsOf(notification).map(([name, value]) => markdown(`*${name}*\n${escaped(cut(value, 200))}`));
  return {
    text: escaped(`${title}. ${sentencesOf(notification)[0] ?? ""}`),
    blocks: [
      { type: "header", text: { type: "plain_text", text: cut(title, 150) } },
      { type: "section", text: markdown(`${MARKS[severityOf(notification)]} ${said}`) },
      { type: "section", fields: fields.slice(0, 10) },
      ...(links.length === 0 ? [] : [{ type: "context", elements: [markdown(links.join(" · "))] }]),
    ],
  };
}

const EVENT_TYPES = { runEnded: "run.ended", runLate: "run.late", scheduleMissed: "schedule.missed" } as const;

/**
 * A CloudEvent 1.0 in structured mode. The extensions `windowstart`, `windowend`, `watermark` and `batchid` are what a job that waits for a
 * certain night can filter by, without looking into the data.
 */
export function cloudEvent(notification: Notification, deploymentId: string): unknown {
  const { id, result, pipeline, runId } = notification;
  const time = notification.kind === "runEnded" ? notification.endedAt : null;
  return {
    specversion: "1.0",
    id,
    source: `/batchkeeper/${deploymentId}/pipelines/${pipeline}`,
    type: `batchkeeper.${EVENT_TYPES[notification.kind]}`,
    subject: runId,
    ...(time ? { time } : {}),
    datacontenttype: "application/json",
    ...(result?.window ? { windowstart: result.window.start, windowend: result.window.end } : {}),
    ...(result?.watermark ? { watermark: result.watermark } : {}),
    ...(result ? { batchid: result.batchId } : {}),
    data: notification,
  };
}

/** The body of a notification in a form. */
export function webhookBody(notification: Notification, format: NotificationFormat, deploymentId: string): WebhookBody {
  const contentType = format === "cloudevents" ? "application/cloudevents+json" : "application/json";
  switch (format) {
    case "json":
      return { contentType, body: notification };
    case "cloudevents":
      return { contentType, body: cloudEvent(notification, deploymentId) };
    case "teams":
      return { contentType, body: teamsCard(notification) };
    case "slack":
      return { contentType, body: slackBody(notification) };
  }
}

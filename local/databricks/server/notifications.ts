import type { DatabaseSync } from "node:sqlite";
import { randomUUID } from "node:crypto";
import { invalidParameter, notFound } from "./api-error";
import { WORKSPACE_ID } from "./parameters";
import { isObject, type Params } from "./params";
import type { JobSettings, RunRecord } from "./records";
import type { Route } from "./router";

const TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;

interface Destination {
  readonly id: string;
  readonly displayName: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

function readDestination(params: Params): Destination {
  const config = params.object("config")?.["generic_webhook"];
  if (!isObject(config)) throw invalidParameter("config.generic_webhook is the only kind of destination here.");
  const field = (name: string): string => (typeof config[name] === "string" ? config[name] : "");
  if (!URL.canParse(field("url"))) throw invalidParameter("config.generic_webhook.url must be a URL.");
  const displayName = params.requiredString("display_name");
  return { id: randomUUID(), displayName, url: field("url"), username: field("username"), password: field("password") };
}

/** Ids of the destinations that a job wants told of an event, such as `on_start`. */
export function destinationIds(settings: JobSettings, event: string): string[] {
  const webhooks = settings["webhook_notifications"];
  const wanted = isObject(webhooks) ? webhooks[event] : undefined;
  return (Array.isArray(wanted) ? (wanted as unknown[]) : []).flatMap((item) =>
    isObject(item) && typeof item["id"] === "string" ? [item["id"]] : [],
  );
}

/** Notification destinations (generic webhooks), and the messages that a job's `webhook_notifications` send to them. */
export class Notifications {
  /** What a run has yet to tell. */
  private readonly sending = new Map<number, Promise<void>>();

  constructor(
    private readonly database: DatabaseSync,
    private readonly log: (line: string) => void,
  ) {}

  /** Tells that a run begins. */
  runStarted(run: RunRecord): void {
    this.tell(run, "on_start");
  }

  /** Tells that a run has ended, unless its `notification_settings` keep quiet about such an end. */
  runEnded(run: RunRecord): void {
    const given = run.settings["notification_settings"];
    const quiet = isObject(given) ? given : {};
    if (quiet["no_alert_for_skipped_runs"] === true && run.outcome?.lifeCycle === "SKIPPED") return;
    if (quiet["no_alert_for_canceled_runs"] === true && run.outcome?.result === "CANCELED") return;
    this.tell(run, run.outcome?.result === "SUCCESS" ? "on_success" : "on_failure");
  }

  /** Whether there is a destination of this id. */
  has(id: string): boolean {
    return this.find(id) !== undefined;
  }

  /** Routes of `/api/2.0/notification-destinations`. Answers never repeat a password. */
  routes(): Route[] {
    const pattern = "/api/2.0/notification-destinations";
    const view = ({ id, displayName, url }: Destination): object => ({
      id,
      display_name: displayName,
      destination_type: "WEBHOOK",
      config: { generic_webhook: { url_set: true, url } },
    });
    const required = (id = ""): Destination => {
      const found = this.find(id);
      if (!found) throw notFound(`Notification destination ${id} does not exist.`);
      return found;
    };
    const create = (params: Params): object => {
      const destination = readDestination(params);
      this.database
        .prepare("INSERT INTO destinations(id, record) VALUES (?, ?)")
        .run(destination.id, JSON.stringify(destination));
      return view(destination);
    };
    const remove = (id: string | undefined): object => {
      this.database.prepare("DELETE FROM destinations WHERE id = ?").run(required(id).id);
      return {};
    };
    return [
      { method: "POST", pattern, handler: ({ params }) => create(params) },
      { method: "GET", pattern, handler: () => ({ results: this.all().map(view) }) },
      { method: "GET", pattern: `${pattern}/:id`, handler: ({ parts }) => view(required(parts["id"])) },
      { method: "DELETE", pattern: `${pattern}/:id`, handler: ({ parts }) => remove(parts["id"]) },
    ];
  }

  private all(): Destination[] {
    const rows = this.database.prepare("SELECT record FROM destinations").all();
    return rows.map((row) => JSON.parse(String(row["record"])) as Destination);
  }

  private find(id: string): Destination | undefined {
    return this.all().find((destination) => destination.id === id);
  }

  /** Sends in the background; a destination that does not answer is given up. What a run is to tell goes out in order. */
  private tell(run: RunRecord, event: string): void {
    const destinations = destinationIds(run.settings, event).flatMap((id) => this.find(id) ?? []);
    if (destinations.length === 0) return;
    const earlier = this.sending.get(run.runId) ?? Promise.resolve();
    const sent = earlier.then(async () => {
      await Promise.all(destinations.map(async (destination) => this.send(destination, event, run)));
      if (this.sending.get(run.runId) === sent) this.sending.delete(run.runId);
    });
    this.sending.set(run.runId, sent);
  }

  private async send(destination: Destination, event: string, run: RunRecord): Promise<void> {
    const { url, username, password, displayName } = destination;
    const body = JSON.stringify({
      event_type: `jobs.${event}`,
      workspace_id: WORKSPACE_ID,
      run: { run_id: String(run.runId) },
      job: { job_id: String(run.jobId), name: run.settings.name },
    });
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const headers = { "content-type": "application/json", ...(username === "" ? {} : { authorization }) };
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
        if (response.ok) return;
        this.log(`notification destination ${displayName} answered ${response.status} for run ${run.runId}`);
      } catch (error) {
        this.log(
          `notification destination ${displayName} did not answer for run ${run.runId}: ${(error as Error).name}`,
        );
      }
    }
  }
}

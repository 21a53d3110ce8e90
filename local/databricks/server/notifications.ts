import type { DatabaseSync } from "node:sqlite";
import { randomUUID } from "node:crypto";
import { invalidParameter, notFound } from "./api-error";
import { WORKSPACE_ID } from "./parameters";
import { isObject, type Params } from "./params";
import type { RunRecord } from "./records";
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

/** Notification destinations (generic webhooks), and the messages that a job's `webhook_notifications` send to them. */
export class Notifications {
  constructor(
    private readonly database: DatabaseSync,
    private readonly log: (line: string) => void,
  ) {}

  /** Tells the destinations of a job run that has ended, in the background; a destination that does not answer is given up. */
  runEnded(run: RunRecord): void {
    const event = run.outcome?.result === "SUCCESS" ? "on_success" : "on_failure";
    const wanted = isObject(run.settings["webhook_notifications"])
      ? run.settings["webhook_notifications"][event]
      : undefined;
    for (const item of Array.isArray(wanted) ? (wanted as unknown[]) : []) {
      const destination = isObject(item) && typeof item["id"] === "string" ? this.find(item["id"]) : undefined;
      if (destination) void this.send(destination, event, run);
    }
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

import { isFinished } from "../durable/task-hub";
import { Ambushes } from "./ambushes";
import { Curators } from "./curators";
import type { PersonAnswer } from "./host";
import { textOf } from "./ledger-view";
import { Operators, type CallApp } from "./operators";
import type { DropNature, PlanItem } from "./plan";
import type { Triggers } from "./triggers";
import { Workspace } from "./workspace";
import type { World } from "./world";

const LARGE = 300 * 1024 * 1024;
const ROOT = "https://app.test/api";

/** Does what a schedule plans from outside: source systems, callers, administrators, outages. */
export class People {
  readonly answers: PersonAnswer[] = [];
  readonly operators: Operators;
  private readonly curators: Curators;
  private readonly workspace: Workspace;
  private readonly ambushes: Ambushes;
  private content = 0;

  constructor(
    private readonly world: World,
    private readonly triggers: Triggers,
  ) {
    this.workspace = new Workspace(world);
    this.ambushes = new Ambushes(world, this.workspace, this);
    world.onEndless = (runId) => this.cancelUntilHeard(runId);
    const call: CallApp = async (name, method, path, params, body) => this.call(name, method, path, params, body);
    this.operators = new Operators(world, call);
    this.curators = new Curators(world, call);
  }

  /** Carries out one item of the plan. */
  act(item: PlanItem): void {
    const { world } = this;
    const { kernel } = world;
    kernel.count(`plan ${item.kind}`);
    switch (item.kind) {
      case "drop":
        this.drop(item.day, item.nature, item.events);
        break;
      case "deleteDrop":
        world.blobs.remove("drops", pathOf(item.day));
        break;
      case "request":
        for (let time = 0; time < item.times; time += 1) this.request(item);
        if (item.persists) this.askAgain(item);
        break;
      case "cancel":
      case "retry":
        this.change(item.kind, item.nth);
        break;
      case "kill":
        world.kill(item.change);
        kernel.after(item.downMs, () => this.restart());
        break;
      case "jump":
        kernel.trace.add("simulator", `the clock jumps by ${Math.round(item.ms / 1000)} s`, "", "event");
        kernel.now += item.ms;
        break;
      case "storageOutage":
        this.outage(item.ms, "storage");
        break;
      case "databricksOutage":
        this.outage(item.ms, item.answer);
        break;
      case "promote":
        world.lakehouse.promote();
        break;
      case "webhook":
        this.webhook(item.nth);
        break;
      case "atStart":
        this.ambushes.atStart(item);
        break;
      case "atRelease":
        this.ambushes.atRelease(item);
        break;
      case "atRunNow":
        this.ambushes.atRunNow(item);
        break;
      case "verb":
        kernel.count(`verb ${item.verb}`);
        this.operators.act(item);
        break;
      case "dataVerb":
        kernel.count(`verb ${item.verb}`);
        void this.curators.act(item);
        break;
      case "terminateInstance":
      case "loseInstance":
        this.instance(item.kind, item.nth);
        break;
      case "deleteRun":
      case "cancelRun":
      case "repairRun":
      case "twinRun":
        this.workspace.act(item.kind, item.nth);
        break;
    }
  }

  restart(): void {
    if (this.world.host !== null) return;
    this.world.start();
    this.triggers.hostStarted();
  }

  private drop(day: string, nature: DropNature, events: readonly number[]): void {
    const { blobs, kernel, truth } = this.world;
    const path = pathOf(day);
    const version = (this.content += 1);
    const size = nature === "large" || nature === "largeFails" ? { size: LARGE } : {};
    const options = {
      ...size,
      customerKey: nature === "customerKey",
      accessTier: nature === "archived" ? "Archive" : "Hot",
    };
    const { etag } = blobs.put("drops", path, JSON.stringify({ day, version }), options);
    truth.versions.set(etag, { path, etag, day, version, nature, putAt: kernel.now, gone: null });
    kernel.trace.add(
      "source system",
      `puts ${path}, version ${version}`,
      `${nature}, ETag ${etag}, ${events.length} events`,
      "event",
    );
    for (const after of events) kernel.after(after, () => this.triggers.blobEvent(path));
  }

  request({ pipeline, days, rerun, key }: Extract<PlanItem, { kind: "request" }>): void {
    const window = days ? { window: { start: `${days[0]}T00:00:00Z`, end: `${days[1]}T00:00:00Z` } } : {};
    const headers = key === null ? {} : { "idempotency-key": key };
    void this.call("startRun", "POST", `/v1/pipelines/${pipeline}/runs`, { pipeline }, { ...window, rerun }, headers);
  }

  private askAgain(item: Extract<PlanItem, { kind: "request" }>): void {
    const { kernel, watch } = this.world;
    kernel.after(2_000, () => {
      if ([...watch.view.runs.values()].some((row) => row.partitionKey === item.pipeline)) return;
      this.request(item);
      this.askAgain(item);
    });
  }

  change(what: "cancel" | "retry", nth: number): void {
    const rows = [...this.world.watch.view.runs.values()];
    const row = rows[nth % Math.max(1, rows.length)];
    if (!row) return;
    const runId = textOf(row, "runId");
    const operation = what === "cancel" ? "cancelRun" : "retryRun";
    void this.call(operation, "POST", `/v1/runs/${runId}/${what}`, { runId }, undefined);
  }

  /** A person who cancels again until the ledger has it. */
  private cancelUntilHeard(runId: string): void {
    const { kernel, watch } = this.world;
    kernel.after(2_000, () => {
      const rows = [...watch.view.runs.entries()];
      const nth = rows.findIndex(([id]) => id === runId);
      const row = rows[nth]?.[1];
      if (row && textOf(row, "cancelRequestedAt") !== "") return;
      if (nth >= 0) this.change("cancel", nth);
      this.cancelUntilHeard(runId);
    });
  }

  private webhook(nth: number): void {
    const runs = this.workspace.ours();
    const run = runs[nth % Math.max(1, runs.length)];
    const authorization = `Basic ${Buffer.from("databricks:webhook-password-0123").toString("base64")}`;
    if (run)
      void this.call(
        "databricksWebhook",
        "POST",
        "/databricks/webhook",
        {},
        { run: { run_id: run.runId } },
        { authorization },
      );
  }

  private async call(
    name: string,
    method: string,
    path: string,
    params: Record<string, string>,
    body: unknown,
    headers = {},
  ): Promise<PersonAnswer | null> {
    const { host, kernel, wire } = this.world;
    if (host === null) return null;
    const calm = !wire.faultsOn;
    kernel.trace.add("caller", `${method} ${path}`, JSON.stringify(body ?? {}), "event");
    const faults = faultsSoFar(kernel.counts);
    try {
      const answer = await host.request(name, { method, url: `${ROOT}${path}`, params, headers, body });
      this.answers.push(answer);
      kernel.trace.add("caller", `is answered ${answer.status}`, answer.body.slice(0, 200), "event");
      if (answer.status === 500 && (calm || faultsSoFar(kernel.counts) === faults))
        kernel.violate("API", "answered-500", `${method} ${path} was answered 500 although nothing failed`);
      return answer;
    } catch (error) {
      kernel.violate("API", "handler-threw", `${method} ${path}: ${String(error)}`);
      return null;
    }
  }

  private outage(ms: number, what: "storage" | Extract<PlanItem, { kind: "databricksOutage" }>["answer"]): void {
    const { kernel, wire, databricks } = this.world;
    kernel.trace.add("simulator", `outage for ${Math.round(ms / 1000)} s`, what, "event");
    if (what === "storage") wire.storageDown = true;
    else databricks.outage = what;
    kernel.after(ms, () => {
      if (what === "storage") wire.storageDown = false;
      else databricks.outage = null;
    });
  }

  private instance(kind: "terminateInstance" | "loseInstance", nth: number): void {
    const { hub, kernel } = this.world;
    const live = [...hub.instances.values()].filter((instance) => !isFinished(instance));
    const instance = live[nth % Math.max(1, live.length)];
    if (!instance) return;
    kernel.trace.add(
      "people",
      kind === "loseInstance" ? `the task hub loses ${instance.id}` : `terminate ${instance.id}`,
      "",
      "event",
    );
    if (kind === "loseInstance") hub.remove(instance.id);
    else hub.finish(instance, "Terminated", "by a person");
  }
}

const pathOf = (day: string): string => `telemetry/${day}.csv`;

function faultsSoFar(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [what, count] of counts) if (what.startsWith("fault ")) sum += count;
  return sum;
}

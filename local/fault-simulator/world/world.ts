import { DatabricksPort } from "../databricks/databricks-port";
import { JobsModel } from "../databricks/jobs-model";
import { Lakehouse } from "../databricks/lakehouse";
import { FOREVER_MS, type RunFate } from "../databricks/model-run";
import { TaskHub } from "../durable/task-hub";
import { Chance } from "../kernel/chance";
import type { Appointment } from "../kernel/agenda";
import { Kernel } from "../kernel/kernel";
import type { Sources } from "../kernel/seal";
import { Wire } from "../kernel/wire";
import { MemoryBlobs } from "../ports/memory-blobs";
import { MemoryTable } from "../ports/memory-table";
import { SimulatedBlobs } from "../ports/blob-port";
import { SimulatedTable } from "../ports/table-port";
import type { AppCode } from "./app-code";
import { definitionFiles, JOBS, type Variant } from "./definitions";
import { drawFate } from "./fates";
import { Host } from "./host";
import { Receiver } from "./receiver";
import { newerRows } from "./newer-rows";
import type { Change, Plan } from "./plan";
import { DEPLOYMENT_ID, ENVIRONMENT, TWIN_DEPLOYMENT_ID } from "./settings";
import { Truth } from "./truth";
import { Watch } from "./watch";

/** Several times what the longest sound schedule takes. */
const MAX_STEPS = 60_000;
/** A run of another deployment is there for long enough to be taken for ours. */
const TWIN_RUNS_MS = 15 * 60_000;
/** A stray goes on for longer than the app may take to find and end it. */
const STRAY_RUNS_MS = 6 * 60 * 60_000;

/** One storage account, one workspace, one receiver of messages, and at most one host: all that a schedule plays in. */
export class World {
  readonly kernel: Kernel;
  readonly wire: Wire;
  readonly hub: TaskHub;
  readonly tables = new Map<string, MemoryTable>();
  readonly blobs: MemoryBlobs;
  readonly jobs: JobsModel;
  readonly databricks: DatabricksPort;
  readonly lakehouse: Lakehouse;
  readonly receiver: Receiver;
  readonly watch: Watch;
  readonly truth = new Truth();
  /** Log lines of every host that ever was. */
  readonly lines: string[] = [];
  readonly sources: Sources;
  variant: Variant = "plain";
  host: Host | null = null;
  private readonly fates: Chance;
  private badEndings = true;
  private newerRowsOn = false;
  private hosts = 0;

  constructor(
    private readonly app: AppCode,
    readonly plan: Plan,
    traced: boolean,
  ) {
    this.kernel = new Kernel(plan.seed, plan.startsAt, traced, MAX_STEPS);
    const { kernel } = this;
    this.sources = { now: () => kernel.now, chance: kernel.entropy, later: (ms, run) => this.later(ms, run) };
    this.fates = new Chance(plan.seed, "fates");
    this.wire = new Wire(kernel, plan.wire);
    this.hub = new TaskHub(kernel);
    this.blobs = new MemoryBlobs(() => new Date(kernel.now));
    this.lakehouse = new Lakehouse(kernel, this.blobs, this.truth.bodyOf);
    this.watch = new Watch(kernel, DEPLOYMENT_ID, () => this.jobs.runs);
    this.jobs = new JobsModel(
      kernel,
      (job, parameters) => this.fateOf(job, parameters),
      this.lakehouse.notebook,
      this.watch,
    );
    this.jobs.listsParameters = plan.listsParameters;
    for (const job of JOBS) this.jobs.addJob(job);
    this.databricks = new DatabricksPort(
      kernel,
      this.wire,
      this.jobs,
      app.exported("databricks/exchange", "NetworkError"),
    );
    this.databricks.rates = plan.answers;
    this.receiver = new Receiver(this.wire);
    this.blobs.onChange = (container, path, now, before) => {
      if (container === "drops") this.truth.changed(now, before, kernel.now);
      else this.watch.blobChanged(path, now, before);
    };
    this.blobs.onPendingCopy = (target, copyId, { etag }) => {
      const ending = this.truth.versions.get(etag)?.nature === "largeFails" ? "failed" : "success";
      kernel.after(kernel.latency.skewed(3_000, 300_000), () => this.blobs.endCopy(target, copyId, ending));
    };
    if (plan.champion) this.lakehouse.promote();
  }

  /** Starts a host with the definitions that are deployed. */
  start(): void {
    const { kernel, wire, app } = this;
    const host = new Host(kernel, wire, this.hub, (this.hosts += 1));
    const table = (name: string) => {
      const rows = this.table(name);
      const port = new SimulatedTable(name, rows, host, wire, kernel);
      return this.newerRowsOn ? newerRows(port) : port;
    };
    const functions = app.start({
      environment: ENVIRONMENT,
      definitions: app.definitions(this.plan.script?.definitions ?? definitionFiles(this.variant)),
      table,
      blobs: new SimulatedBlobs(this.blobs, host, wire, kernel, app.storageError),
      databricks: async (request) => this.databricks.exchange(host, request),
      post: async (url, body) => this.receiver.post(host, url, body),
      sleep: async (ms) => new Promise<void>((resolve) => void this.later(ms, resolve)),
      now: () => kernel.now,
    });
    host.start(functions, { replays: this.plan.replays, twice: this.plan.twice });
    this.host = host;
    kernel.trace.add(
      "simulator",
      `${host.name} starts`,
      `definitions: ${this.variant}${this.newerRowsOn ? ", a newer version" : ""}`,
      "event",
    );
  }

  /** What happens at the next start of a Databricks run, once; gives what of that run's fate is other than drawn. */
  readonly ambushes: ((runId: string) => Partial<RunFate>)[] = [];
  /** Told of a run of the app that waits for a Databricks run which never ends by itself. */
  onEndless: (runId: string) => void = () => undefined;

  /** While a run-now arrives that was on its way for too long. */
  strayArrives = false;

  private ambushed(runId: string): Partial<RunFate> {
    return (this.wire.faultsOn && this.ambushes.shift()?.(runId)) || {};
  }

  /** Kills the host: nothing of it goes on, all it had in flight is lost or arrives late. */
  kill(change: Change): void {
    if (this.host) {
      this.kernel.trace.add("simulator", `kill -9 of ${this.host.name}`, "", "event");
      this.kernel.count("host killed");
      this.host.kill();
      this.lines.push(...this.host.lines);
      this.host = null;
    }
    if (change.kind === "definitions") this.variant = change.variant;
    if (change.kind === "newerRows") this.newerRowsOn = change.on;
    if (change.kind !== "none") this.kernel.count(`restart with other ${change.kind}`);
  }

  /** From now on nothing goes wrong any more. */
  endFaults(): void {
    this.wire.faultsOn = false;
    this.databricks.outage = null;
    this.badEndings = false;
    this.newerRowsOn = false;
    this.kernel.trace.add("simulator", "no more faults from here on", "", "event");
  }

  /** A timer of the host that is up. */
  private later(ms: number, run: () => void): Appointment {
    const { host } = this;
    return this.kernel.after(ms, () => {
      if (host?.alive) run();
    });
  }

  private table(name: string): MemoryTable {
    const known = this.tables.get(name);
    if (known) return known;
    const made = new MemoryTable(this.kernel.trace.on);
    made.onWrite = (row, before) => this.watch.wrote(row, before);
    made.onRemove = () => this.watch.removed();
    this.tables.set(name, made);
    return made;
  }

  private fateOf(job: string, parameters: Readonly<Record<string, string>>): RunFate {
    const runId = parameters["run_id"] ?? "";
    // An ambush is for a run of ours: a twin's takes none away.
    const isOurs = parameters["deployment_id"] !== TWIN_DEPLOYMENT_ID;
    const fate = this.scripted(job, runId) ?? this.drawn(isOurs ? runId : null);
    this.kernel.count(`ending ${fate.ending}`);
    return fate;
  }

  private drawn(runId: string | null): RunFate {
    const drawn = drawFate(this.fates, this.plan, this.badEndings);
    if (this.strayArrives) return { ...drawn, runningMs: STRAY_RUNS_MS, stray: true };
    return runId === null ? { ...drawn, runningMs: TWIN_RUNS_MS } : { ...drawn, ...this.ambushed(runId) };
  }

  private scripted(job: string, runId: string): RunFate | null {
    if (this.plan.script === undefined) return null;
    const same = [...this.jobs.runs.values()].filter(
      (run) => run.jobName === job && run.parameters["run_id"] === runId,
    );
    const fate = this.plan.script.fate(runId, job.replace("batchkeeper-", ""), same.length + 1);
    if (fate.runningMs === FOREVER_MS) this.onEndless(runId);
    return fate;
  }
}

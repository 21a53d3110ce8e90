import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** A notebook to run. Paths are absolute. */
export interface NotebookRequest {
  readonly runId: string;
  readonly notebookPath: string;
  /** What `notebookPath()` shows. */
  readonly workspacePath: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** As the Jobs API takes them. */
  readonly libraries: readonly object[];
  readonly outputDir: string;
}

/** How a notebook ended; `driver-error` is a platform fault. */
export interface NotebookOutcome {
  readonly outcome: "success" | "failed" | "cancelled" | "driver-error";
  readonly result?: string;
  readonly truncated?: boolean;
  readonly error?: string;
  readonly errorTrace?: string;
}

/** How to start the controller. */
export interface ClusterOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Read at each start of the controller. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Told the id of every process that would outlive a killed server. */
  readonly onProcess: (pid: number) => void;
  /** Ends what a dead controller left behind; its runs are over only then. */
  readonly onLost: () => Promise<unknown>;
}

/** What happens to a notebook before it ends. */
export interface NotebookListener {
  readonly onStarted: (setupMs: number) => void;
  /** The cluster cannot honour something that was asked of it. */
  readonly onWarning: (message: string) => void;
}

interface Pending {
  readonly settle: (outcome: NotebookOutcome) => void;
  readonly listener: NotebookListener;
  started: boolean;
}

type Message = {
  event: string;
  runId?: string;
  pid?: number;
  jvmPid?: number;
  setupMs?: number;
  reason?: string;
  message?: string;
} & Partial<NotebookOutcome>;

const OUTCOMES = new Set(["success", "failed", "cancelled", "driver-error"]);
/** How long the controller may take to report the runs that a dead driver took with it. */
const LOST_GRACE_MS = 20_000;

/** The local cluster: one controller process, started on first use and again after it died. */
export class Cluster {
  private controller: ChildProcessWithoutNullStreams | undefined;
  private readonly pending = new Map<string, Pending>();

  constructor(private readonly options: ClusterOptions) {}

  /** Runs a notebook; resolves when its process and its Spark work have ended. Never rejects. */
  async run(request: NotebookRequest, listener: NotebookListener): Promise<NotebookOutcome> {
    return new Promise((settle) => {
      this.pending.set(request.runId, { settle, listener, started: false });
      this.send({ op: "run", ...request });
    });
  }

  /** Asks for the end of a notebook; its {@link run} then resolves as cancelled. */
  cancel(runId: string): void {
    if (this.pending.has(runId)) this.send({ op: "cancel", runId });
  }

  /** Ends controller, driver JVM and notebooks; kills the controller when it has not ended after `graceMs`. */
  async stop(graceMs = 10_000): Promise<void> {
    const controller = this.controller;
    if (!controller || controller.exitCode !== null || controller.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => controller.once("exit", () => resolve()));
    this.send({ op: "shutdown" });
    controller.stdin.end();
    const timer = setTimeout(() => controller.kill("SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
  }

  /** Starts the controller now rather than at the first run; with `--warm` in its command the driver JVM too. */
  warmUp(): void {
    this.controller ??= this.start();
  }

  private send(message: object): void {
    this.controller ??= this.start();
    this.controller.stdin.write(`${JSON.stringify(message)}\n`);
  }

  private start(): ChildProcessWithoutNullStreams {
    const { command, cwd, env, logFile } = this.options;
    const [program = "", ...args] = command;
    mkdirSync(dirname(logFile), { recursive: true });
    const controller = spawn(program, args, { cwd, env: env(), stdio: ["pipe", "pipe", "pipe"] });
    const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
    controller.stderr.pipe(log);
    // A write to a controller that just died is no fault of its own: `close` reports the death.
    controller.stdin.on("error", () => undefined);
    createInterface({ input: controller.stdout }).on("line", (line) => this.receive(line, log));
    controller.on("error", (error) =>
      this.lost(controller, `the cluster controller cannot be started: ${error.message}`),
    );
    controller.on("close", (code, signal) =>
      this.lost(controller, `the cluster controller ended (${signal ?? `exit code ${code}`}), see ${logFile}`),
    );
    if (controller.pid !== undefined) this.options.onProcess(controller.pid);
    return controller;
  }

  private receive(line: string, log: NodeJS.WritableStream): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      log.write(`not a protocol message: ${line}\n`);
      return;
    }
    const { event, runId, pid, jvmPid, setupMs, message: text, ...outcome } = message;
    if (pid !== undefined) this.options.onProcess(pid);
    if (jvmPid !== undefined) this.options.onProcess(jvmPid);
    const pending = runId === undefined ? undefined : this.pending.get(runId);
    if (event === "started" && pending) {
      pending.started = true;
      pending.listener.onStarted(setupMs ?? 0);
    }
    if (event === "warning" && typeof text === "string") pending?.listener.onWarning(text);
    if (event === "finished" && pending && runId !== undefined) this.finish(runId, pending, outcome);
    if (event === "driver-lost") this.driverLost(message.reason ?? "the driver JVM ended");
  }

  private finish(
    runId: string,
    pending: Pending,
    { outcome, result, truncated, error, errorTrace }: Partial<NotebookOutcome>,
  ): void {
    this.pending.delete(runId);
    pending.settle({
      outcome: outcome !== undefined && OUTCOMES.has(outcome) ? outcome : "driver-error",
      ...(typeof result === "string" ? { result } : {}),
      ...(truncated === true ? { truncated } : {}),
      ...(typeof error === "string" ? { error } : {}),
      ...(typeof errorTrace === "string" ? { errorTrace } : {}),
    });
  }

  /** The controller itself reports the runs of a dead driver; those it forgets are ended here. */
  private driverLost(reason: string): void {
    const affected = [...this.pending].filter(([, pending]) => pending.started);
    setTimeout(() => {
      for (const [runId, pending] of affected) {
        if (this.pending.get(runId) === pending)
          this.finish(runId, pending, { outcome: "driver-error", error: reason });
      }
    }, LOST_GRACE_MS).unref();
  }

  private lost(controller: ChildProcessWithoutNullStreams, reason: string): void {
    if (this.controller !== controller) return;
    this.controller = undefined;
    const affected = [...this.pending];
    void this.options
      .onLost()
      .catch(() => undefined)
      .then(() => {
        for (const [runId, pending] of affected)
          this.finish(runId, pending, { outcome: "driver-error", error: reason });
      });
  }
}

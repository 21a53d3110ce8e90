import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Cluster } from "../cluster";
import { PYTHON, REPO_ROOT } from "../../paths";
import { AccessTokens } from "./access-tokens";
import { readBundle } from "./bundle";
import { openDatabase } from "./database";
import { FaultSwitch, parseFaultRules } from "./faults";
import { createHttpServer } from "./http-server";
import { identityRoutes } from "./identity-routes";
import { internalRoutes, TaskValues } from "./internal-routes";
import { JobStore } from "./job-store";
import { JobScheduler } from "./job-scheduler";
import { jobsRoutes } from "./jobs-routes";
import { Notifications } from "./notifications";
import { pageRoutes } from "./page-routes";
import { without } from "./params";
import { Permissions } from "./permissions";
import { ProcessRegistry } from "./process-registry";
import { RunEngine } from "./run-engine";
import { RunStore } from "./run-store";
import { runsRoutes } from "./runs-routes";
import { RunsService } from "./runs-service";
import { resolveSecret } from "./secret-references";
import { secretsRoutes } from "./secrets-routes";
import { SettingWarnings } from "./setting-warnings";
import { createTaskExecutor } from "./task-executor";
import { volumeRoutes } from "./volume-routes";
import { VolumeSync } from "./volume-sync";
import { WorkspaceFiles } from "./workspace-files";
import { workspaceRoutes } from "./workspace-routes";

/** How a local Databricks is set up. */
export interface ServerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly stateDir: string;
  /** The personal access token; a random one, kept in the state folder, unless given. */
  readonly token?: string;
  /** Connection string of the storage behind the volumes. */
  readonly storage?: string;
  readonly bundleDir?: string;
  readonly target?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Fault rules from the start, unparsed. */
  readonly faults?: unknown;
  /** Heap of the driver JVM, such as `4g`. */
  readonly memory?: string;
  readonly maxConcurrentTasks?: number;
  /** How long a storage outage is waited out before the task fails. */
  readonly storageRetryMs?: number;
  readonly tokenLifetimeSeconds?: number;
  /** Command of another cluster controller that speaks the protocol of docs/contracts.md. */
  readonly controller?: readonly string[];
  /** Start the driver JVM with the server, not at the first run. */
  readonly warm?: boolean;
  readonly log?: (line: string) => void;
}

/** A running local Databricks. */
export interface LocalDatabricksServer {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

function controllerCommand(options: ServerOptions): readonly string[] {
  if (options.controller) return options.controller;
  const command = [
    PYTHON,
    "-m",
    "cluster.control.controller",
    "--state",
    options.stateDir,
    "--memory",
    options.memory ?? "4g",
  ];
  return options.warm ? [...command, "--warm"] : command;
}

/**
 * Starts the server: ends what an earlier life left running, brings the bundle's jobs in, goes on with open runs, listens on 127.0.0.1.
 *
 * @throws BundleError for a faulty bundle; Error when the state folder is in use or the port is taken
 */
export async function startServer(options: ServerOptions): Promise<LocalDatabricksServer> {
  const { stateDir } = options;
  const log = options.log ?? (() => undefined);
  const bundle = options.bundleDir === undefined ? undefined : readBundle(options.bundleDir, options);
  const faults = new FaultSwitch();
  if (options.faults !== undefined) faults.add(parseFaultRules(options.faults));
  const database = openDatabase(stateDir);
  const processes = new ProcessRegistry(database);
  const tokens = new AccessTokens(database, options.token, options.tokenLifetimeSeconds);
  writeFileSync(join(stateDir, "token"), tokens.personal, { mode: 0o600 });
  const [jobs, runs, values] = [new JobStore(database), new RunStore(database), new TaskValues(database)];
  let url = "";
  const base = (): string => url;
  const cluster = new Cluster({
    command: controllerCommand(options),
    cwd: join(REPO_ROOT, "local", "databricks"),
    // Notebooks reach the storage through their volumes only; its key stays here.
    env: () => ({ ...without(process.env, "DATA_STORAGE"), DATABRICKS_HOST: url, DATABRICKS_TOKEN: tokens.personal }),
    logFile: join(stateDir, "logs", "controller.log"),
    onProcess: (pid) => processes.record(pid),
    onLost: async () => processes.killAll(),
  });
  const workspace = new WorkspaceFiles(join(stateDir, "workspace"));
  if (bundle) workspace.mount(bundle.filesPath, bundle.folder);
  const volumes =
    options.storage === undefined ? undefined : new VolumeSync(options.storage, database, options.storageRetryMs);
  const execute = createTaskExecutor({
    store: runs,
    cluster,
    workspace,
    volumes,
    stateDir,
    taskValue: (jobRunId, taskKey, key) => values.getText(jobRunId, taskKey, key),
    resolveSecret: (text) => resolveSecret(database, text),
    url: base,
    log,
  });
  const notifications = new Notifications(database, log);
  const warnings = new SettingWarnings((id) => notifications.has(id), log);
  const engine = new RunEngine(runs, execute, options.maxConcurrentTasks, {
    started: (run) => notifications.runStarted(run),
    ended: (run) => {
      notifications.runEnded(run);
      scheduler.runEnded(run);
    },
  });
  const service = new RunsService(runs, jobs, engine);
  const scheduler = new JobScheduler({
    jobs,
    start: (job, trigger) => service.startTriggered(job, trigger),
    isOpen: (jobId) => engine.isOpen(jobId),
    log,
  });
  const permissions = new Permissions(database);
  mkdirSync(join(stateDir, "volumes"), { recursive: true });
  const routes = [
    ...runsRoutes(service, warnings, base),
    ...jobsRoutes(jobs, permissions, warnings),
    ...permissions.routes(),
    ...notifications.routes(),
    ...secretsRoutes(database),
    ...workspaceRoutes(workspace),
    ...volumeRoutes(join(stateDir, "volumes")),
    ...identityRoutes(tokens, base),
    ...internalRoutes({ service, values, workspace, faults }),
    ...pageRoutes(service, warnings, stateDir),
  ];
  const killed = await processes.killAll();
  if (killed.length > 0) log(`ended processes of an earlier life: ${killed.join(", ")}`);
  const http = createHttpServer({ routes, tokens, faults, log });
  http.listen(options.port, "127.0.0.1");
  await once(http, "listening");
  // No request is answered before the next lines have run: they do not wait.
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  if (bundle) for (const job of jobs.syncBundle(bundle.jobs)) warnings.tell(job);
  jobs.onChange((jobId) => scheduler.plan(jobId));
  engine.recover();
  scheduler.start();
  if (options.warm) cluster.warmUp();
  const close = async (): Promise<void> => {
    scheduler.stop();
    engine.stop();
    http.close();
    http.closeAllConnections();
    await cluster.stop();
    database.close();
  };
  return { url, token: tokens.personal, close };
}

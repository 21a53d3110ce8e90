import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ActivityDeps } from "./runs/deps";
import {
  containerCheck,
  databricksChecks,
  delegationKeyCheck,
  ledgerOwnerCheck,
  tableCheck,
  writeCheck,
} from "./api/health/checks";
import { createOverview } from "./api/overview/overview";
import { OPERATIONS } from "./api/registry/operations";
import { appVersion } from "./config/app-version";
import { loadConfig, type Config, type Environment } from "./config/config";
import { createStorageClients } from "./config/storage-clients";
import { createJobsClient } from "./databricks/connect";
import { appRoot, loadDefinitions } from "./definitions-folder";
import type { PipelineDefinitions } from "./domain/pipeline-definition";
import { withRunsPer } from "./domain/shared-job";
import { ConfigError, type ConfigProblem } from "./errors";
import { registerDropReceived, type DropReceivedDeps } from "./functions/drop-received";
import { durableStarterOf } from "./adapters/durable-starter";
import { registerConsole } from "./functions/console";
import { registerHttpFunctions } from "./functions/http";
import { registerMcpTools } from "./functions/mcp-tools";
import { createNotifier } from "./adapters/notifier";
import { registerOrchestrations } from "./functions/orchestrations";
import { registerScheduledRun } from "./functions/scheduled-run";
import { registerSweeper } from "./functions/sweeper";
import { AzureBlobs } from "./ledger/azure-blobs";
import { AzureTable } from "./ledger/azure-table";
import { createRunRequests } from "./ledger/create-run-requests";
import { SourceSigner } from "./ledger/source-signer";
import { createEvidence } from "./runs/results/evidence";
import { createPredictions } from "./runs/results/predictions";
import { createLedger } from "./ledger/ledger";
import { createQuarantine } from "./runs/quarantine/quarantine";
import { createRetention } from "./runs/retention/plan";
import { createReadDocument } from "./runs/read-document";
import { createStories } from "./runs/why";

/** A health check asks once and tells; it does not wait an outage out. */
const HEALTH_BUDGET_MS = 5_000;

const now = (): Date => new Date();

/** Runs both loaders, so that faults of settings and of definitions are reported together. */
function load(environment: Environment): { config: Config; definitions: PipelineDefinitions } {
  const problems: ConfigProblem[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const config = attempt(() => loadConfig(environment));
  const folder = environment["PIPELINES_DIR"]?.trim();
  const definitions = attempt(() =>
    loadDefinitions(folder || join(appRoot(__dirname), "pipelines"), config?.databricks.schema),
  );
  if (!config || !definitions) throw new ConfigError(problems);
  return { config, definitions: withRunsPer(config.databricks.runsPer, definitions) };
}

/** Builds every part from the settings and registers every function. The only place that knows them all. */
function start(environment: Environment): void {
  const { config, definitions } = load(environment);
  const { containers, databricks, ledgerTablePrefix } = config;
  const storage = createStorageClients(config.storage);
  const version = appVersion(__dirname);
  const ledger = createLedger({
    table: (name) => new AzureTable(storage.table(name)),
    blobs: new AzureBlobs(storage.blobService, now),
    tablePrefix: ledgerTablePrefix,
    containers,
    deploymentId: config.deploymentId,
    requestsPerSecond: databricks.requestsPerSecond,
    now,
  });
  const requests = createRunRequests({ ...ledger, definitions, randomHex: () => randomBytes(4).toString("hex") });
  const connection = {
    host: databricks.host,
    auth: databricks.auth,
    requestsPerSecond: databricks.requestsPerSecond,
    limiter: ledger.budget,
    version,
  };
  const { catalog, schema, volumeRoot, jobNamePrefix } = databricks;
  const activities: ActivityDeps = {
    ...{ ledger, requests, jobNamePrefix, deploymentId: config.deploymentId, workspace: databricks.host },
    jobs: createJobsClient(connection),
    settings: { catalog, schema, volumeRoot, batches: containers.batches },
    notifier: createNotifier({ ...config, version }),
  };
  const starterFor = durableStarterOf(config.deploymentId);
  // With an identity the app runs in Azure, where Event Grid tells of new blobs; a connection string means an account without it.
  const source: DropReceivedDeps["source"] = config.storage.kind === "identity" ? "EventGrid" : "LogsAndContainerScan";
  const recorder = { ...ledger, definitions };
  const dropContainers = new Set([...definitions.values()].flatMap(({ drops }) => (drops ? [drops.container] : [])));
  for (const container of dropContainers) registerDropReceived(container, { recorder, starterFor, source });
  for (const definition of definitions.values())
    registerScheduledRun(definition, { requests, starterFor, now, states: ledger.states });
  registerSweeper({ activities, definitions, starterFor, now });
  registerOrchestrations({ activities, definitions, starterFor });
  const jobNames = [...definitions.values()].flatMap(({ steps }) => steps.map((step) => `${jobNamePrefix}${step.job}`));
  const container = (name: string, setting: string) =>
    containerCheck(storage.blobService.getContainerClient(name), setting);
  const checks = [
    ...[...dropContainers].map((name) => container(name, "drops.container of a pipeline definition")),
    container(containers.batches, "BATCHES_CONTAINER"),
    container(containers.results, "RESULTS_CONTAINER"),
    writeCheck(storage.blobService.getContainerClient(containers.batches), "BATCHES_CONTAINER"),
    writeCheck(storage.blobService.getContainerClient(containers.results), "RESULTS_CONTAINER"),
    ...(config.storage.kind === "identity" ? [delegationKeyCheck(storage.blobService)] : []),
    tableCheck(storage.table(`${ledgerTablePrefix}runs`)),
    ledgerOwnerCheck(ledger.checkOwner),
    ...databricksChecks(createJobsClient({ ...connection, budgetMs: HEALTH_BUDGET_MS }), jobNames),
  ];
  const predictions = createPredictions({ runs: ledger.runs, blobs: ledger.blobs, container: containers.results });
  const ports = {
    ...{ runs: requests, pipelines: definitions, checks, version, answers: ledger.answers },
    manifests: ledger.manifests,
    predictions,
    evidence: createEvidence({ runs: ledger.runs, blobs: ledger.blobs, container: containers.results, definitions }),
    definitions,
    signer: new SourceSigner(storage.blobService, now),
    operations: { activities, definitions },
    quarantine: createQuarantine({ ledger, definitions }),
    stories: createStories({ ledger, definitions, predictions }),
    documents: createReadDocument(ledger),
    overview: createOverview({
      runs: requests,
      undelivered: async (pipeline) => ledger.quarantine.undelivered(pipeline),
      pipelines: definitions,
      now,
    }),
    retention: createRetention(ledger, definitions),
  };
  registerHttpFunctions(ports, { starterFor, auth: config.apiAuth, webhook: databricks.webhook });
  registerMcpTools(ports, { starterFor, auth: config.apiAuth, tools: config.mcpTools });
  const folder = join(appRoot(__dirname), "dist", "console");
  registerConsole({ folder, version, deployment: config.deploymentId, auth: config.apiAuth, operations: OPERATIONS });
}

start(process.env);

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { Database } from "../../../local/functions-host/database";
import { Keys } from "../../../local/functions-host/http/keys";
import { FakeJobs } from "../../../local/fake-jobs";
import { startFunctionsHost, type FunctionsHostProcess } from "../../../local/functions-host/spawn";
import { REPO_ROOT } from "../../../local/paths";
import { loadDefinitions } from "../../../src/definitions-folder";
import { startAzurite } from "../../support/azurite";

/** Schemathesis, with all its checks and chains of calls, against the running app with keys enforced: it finds nothing to report. */

const DEFINITIONS = join(REPO_ROOT, "test", "fixtures", "second-scenario", "pipelines");
const python = join(REPO_ROOT, ".venv", "bin", "python");
const ends: (() => Promise<unknown> | void)[] = [];
let host: FunctionsHostProcess;
let key: string;
let folder: string;

beforeAll(async () => {
  const storage = await startAzurite();
  ends.push(() => storage.stop());
  const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
  for (const name of ["drops", "batches", "results"]) await blobs.createContainer(name);
  const names = [...loadDefinitions(DEFINITIONS).values()].flatMap(({ steps }) => steps.map(({ job }) => job));
  const jobs = new FakeJobs(names, () => ({ delayMs: 50 }));
  const databricks = await jobs.start();
  ends.push(() => jobs.stop());
  folder = mkdtempSync(join(tmpdir(), "bk-any-input-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const state = new Database(folder);
  key = new Keys(state, true).key("master");
  state.close();
  host = await startFunctionsHost({
    appDir: REPO_ROOT,
    stateDir: folder,
    args: ["--enable-auth"],
    env: {
      ...{ AzureWebJobsStorage: storage.connectionString, DATA_STORAGE: storage.connectionString },
      ...{ DEPLOYMENT_ID: "anyinput", TASK_HUB: "anyinput", LEDGER_TABLE_PREFIX: "anyinput" },
      ...{ DATABRICKS_HOST: databricks, DATABRICKS_AUTH: "token", DATABRICKS_TOKEN: "t" },
      ...{ DATABRICKS_CATALOG: "c", DATABRICKS_SCHEMA: "s", DATABRICKS_VOLUME_ROOT: "/v", PIPELINES_DIR: DEFINITIONS },
      ...{ DATABRICKS_WEBHOOK_USER: "dbx", DATABRICKS_WEBHOOK_PASSWORD: "webhook-password-1" },
    },
  });
  ends.push(() => host.stop());
}, 120_000);
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Runs it bounded, with a seed, so that what it finds is found again. @returns what it reports; empty when nothing */
async function report(pipeline: string | null, ...args: readonly string[]): Promise<string> {
  const config = join(folder, "schemathesis.toml");
  const known = pipeline === null ? "" : `[parameters]\npipeline = "${pipeline}"\n\n`;
  writeFileSync(config, known + readFileSync(join(__dirname, "schemathesis.toml"), "utf8"));
  const command = ["-m", "schemathesis.cli", "--config-file", config, "run", `${host.url}/api/openapi.json`];
  const common = [
    ...["--header", `x-functions-key: ${key}`, "--seed", "1", "--checks", "all", "--warnings", "off", "--no-color"],
    ...["--continue-on-failure", "--suppress-health-check", "all", "--generation-database", "none"],
  ];
  const child = spawn(python, [...command, ...common, ...args], { cwd: tmpdir(), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return code === 0 ? "" : output.replaceAll(key, "KEY");
}

it("gives what the document promises, whatever is sent", async () => {
  expect(await report(null, "--phases", "coverage,fuzzing", "--max-examples", "5")).toBe("");
}, 300_000);

it("keeps it through chains of calls on a pipeline that is there", async () => {
  expect(await report("meters", "--phases", "fuzzing,stateful", "--max-examples", "5")).toBe("");
}, 300_000);

import type { ContainerClient } from "@azure/storage-blob";
import { setTimeout as pause } from "node:timers/promises";
import { runDoctor } from "./doctor";
import { EventSubscription } from "./event-grid";
import type { Site } from "./site";
import type { Trial } from "./table";

const PATIENCE_MS = 60_000;
/** Of the shipped scenario: the pipeline that takes drops. */
const PIPELINE = "scoring";
const probe = (name: string): string => `telemetry/${name}.csv`;

interface Drop {
  readonly path: string;
  readonly state: string;
}

/** @throws Error when the condition does not hold */
function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** What is tried on a site; the first trial starts the app, the last ones start it anew. */
export function trialsOn(site: Site, appDir: string, instead: Readonly<Record<string, string>>): Trial[] {
  return [
    trial("the app starts with the settings of infra/", async () => {
      await site.startApp(appDir, instead);
      return `${Object.keys(await functionsOf(site)).length} functions`;
    }),
    trial("storage and workspace by managed identity", async () => {
      const seen = await health(site);
      expect(site.identity.unknown.size === 0, `asked for other identities: ${[...site.identity.unknown].join(", ")}`);
      expect(
        site.identity.given.size >= 2,
        `tokens were given for ${[...site.identity.given.keys()].join(", ")} alone`,
      );
      return `${seen}, tokens for ${site.identity.given.size} resources`;
    }),
    ...refusals(site),
    ...eventTrials(site),
    trial("workspace by client credentials", async () => {
      await site.stopApp();
      const credentials = { DATABRICKS_CLIENT_ID: "rehearsal", DATABRICKS_CLIENT_SECRET: site.databricks.token };
      const auth = { DATABRICKS_AUTH: "oauthM2M", DATABRICKS_AZURE_CLIENT_ID: "", ...credentials };
      await site.startApp(appDir, { ...instead, ...auth });
      return health(site);
    }),
    trial("sign-in with Entra: each role may do what it may", async () => {
      await site.stopApp();
      await site.startApp(appDir, { ...instead, API_AUTH: "easyAuth", WEBSITE_AUTH_ENABLED: "true" });
      const read = (headers: Record<string, string>) => site.call("/api/v1/runs", { headers }, "");
      const start = (headers: Record<string, string>) =>
        site.call(
          `/api/v1/pipelines/none/runs`,
          { method: "POST", body: "{}", headers: { ...headers, ...JSON_TYPE } },
          "",
        );
      const answers = [
        read({}),
        read(signedInAs()),
        read(signedInAs("reader")),
        start(signedInAs("reader")),
        start(signedInAs("operator")),
      ];
      const seen = (await Promise.all(answers)).map(({ status }) => status).join(", ");
      // Nobody, somebody without a role, a reader who reads, a reader who starts, an operator who starts a pipeline that is not there.
      expect(seen === "401, 403, 200, 403, 404", `answers ${seen}`);
      return "nobody, no role, reader, operator";
    }),
  ];
}

const trial = (what: string, run: () => Promise<string>): Trial => ({ what, run });
const blobWebhook = (site: Site, key: string): string =>
  `${site.host.url}/runtime/webhooks/blobs?functionName=Host.Functions.dropReceived-drops&code=${key}`;

async function health(site: Site): Promise<string> {
  const response = await site.call("/api/health");
  const { checks } = (await response.json()) as { checks: { name: string; status: string; message: string }[] };
  const bad = checks.filter(({ status }) => status !== "ok");
  expect(bad.length === 0, bad.map(({ name, message }) => `${name}: ${message}`).join("; "));
  return `${checks.length} checks`;
}

/** Who gets in, and who does not. */
function refusals(site: Site): Trial[] {
  return [
    trial("no key: nothing is served but the webhooks' refusals", async () => {
      const answers = await Promise.all([
        site.call("/api/health", {}, ""),
        site.call("/api/v1/runs", {}, ""),
        fetch(blobWebhook(site, "wrong"), { method: "POST", body: "[]" }),
        site.call("/api/databricks/webhook", { method: "POST", body: "{}" }, ""),
        site.call("/admin/functions", {}, site.keys.function),
      ]);
      expect(
        answers.every(({ status }) => status === 401),
        `answers ${answers.map(({ status }) => status).join(", ")}`,
      );
      return `${answers.length} requests refused`;
    }),
    trial("a forged sign-in header opens nothing", async () => {
      const { status } = await site.call("/api/v1/runs", { headers: signedInAs("admin") }, "");
      expect(status === 401, `answered with ${status}`);
      return "refused without a key";
    }),
    trial("the workspace's webhook, by its password", async () => {
      const body = JSON.stringify({ event_type: "jobs.on_success", run: { run_id: 1 } });
      const authorization = `Basic ${Buffer.from(`databricks:${site.webhookPassword}`).toString("base64")}`;
      const headers = { ...JSON_TYPE, authorization };
      const { status } = await site.call("/api/databricks/webhook", { method: "POST", body, headers }, "");
      expect(status === 204, `answered with ${status}`);
      return "taken";
    }),
  ];
}

/** Tells of drops as Event Grid does and looks for them in the ledger. */
function eventTrials(site: Site): Trial[] {
  const container = (name: string): ContainerClient => site.blobs.getContainerClient(name);
  const subscription = (key: string): EventSubscription =>
    new EventSubscription(blobWebhook(site, key), container("deadletters"));
  const put = async (path: string): Promise<{ url: string; etag: string }> => {
    const blob = container("drops").getBlockBlobClient(path);
    const { etag } = await blob.upload("datetime,machineID\n", 19);
    return { url: blob.url, etag: etag ?? "" };
  };
  const inLedger = async (path: string): Promise<Drop[]> => {
    const query = new URLSearchParams({ path });
    const response = await site.call(`/api/v1/pipelines/${PIPELINE}/drops?${query.toString()}`);
    if (response.status !== 200) throw new Error(`the list of drops was answered with ${response.status}`);
    return ((await response.json()) as { value: Drop[] }).value;
  };
  const arrive = async (path: string): Promise<Drop[]> => {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(100)) {
      const found = await inLedger(path);
      if (found.length > 0) return found;
    }
    throw new Error(`${path} is not in the ledger after ${PATIENCE_MS / 1000} s\n${site.host.output().slice(-1500)}`);
  };
  return [
    trial("Event Grid: handshake", async () => {
      await subscription(site.keys.blobsExtension).validate();
      return "the code came back";
    }),
    trial("Event Grid: an event twice is one drop", async () => {
      const path = probe("2015-06-01-twice");
      const events = subscription(site.keys.blobsExtension);
      expect(
        (await events.publish({ ...(await put(path)), api: "PutBlob" }, 2)) === "delivered",
        "the event was refused",
      );
      const drops = await arrive(path);
      await pause(500);
      const later = await inLedger(path);
      expect(later.length === 1, `${later.length} drops`);
      return `${path} is ${drops[0]?.state}`;
    }),
    trial("doctor: every check, and a probe from storage to the ledger", async () => {
      const findings = await runDoctor(site, subscription(site.keys.blobsExtension));
      const bad = findings.filter(({ status }) => status !== "ok");
      expect(bad.length === 0, bad.map(({ name, message }) => `${name}: ${message}`).join("; "));
      return `${findings.length} checks`;
    }),
    trial("Event Grid: an unfinished write is filtered", async () => {
      const seen = await subscription(site.keys.blobsExtension).publish({ url: "", etag: "", api: "CreateFile" });
      expect(seen === "filtered", seen);
      return "CreateFile is not delivered";
    }),
    trial("Event Grid: a dead letter loses no drop", async () => {
      const path = probe("2015-06-02-dead");
      const seen = await subscription("wrong").publish({ ...(await put(path)), api: "PutBlob" });
      expect(seen === "dead letter", seen);
      await site.call("/admin/functions/sweeper", { method: "POST", body: "{}", headers: JSON_TYPE }, site.keys.master);
      const drops = await arrive(path);
      return `the scan found it: ${drops[0]?.state}`;
    }),
  ];
}

/** What App Service Authentication adds to a request: who signed in, with the app roles. */
function signedInAs(...roles: readonly string[]): Record<string, string> {
  const claims = [{ typ: "name", val: "somebody" }, ...roles.map((val) => ({ typ: "roles", val }))];
  const principal = { auth_typ: "aad", name_typ: "name", role_typ: "roles", claims };
  return { "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64") };
}

const JSON_TYPE = { "content-type": "application/json" };

async function functionsOf(site: Site): Promise<unknown[]> {
  const response = await site.call("/admin/functions", {}, site.keys.master);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the host answers ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown[];
}

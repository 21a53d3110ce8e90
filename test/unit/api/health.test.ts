import {
  databricksChecks,
  containerCheck,
  runHealthChecks,
  delegationKeyCheck,
  tableCheck,
  writeCheck,
  type HealthCheck,
} from "../../../src/api/health/checks";
import { healthSchema } from "../../../src/api/health/schemas";
import { createStorageClients } from "../../../src/config/storage-clients";
import { createJobsClient } from "../../../src/databricks/connect";
import { ContainerClient, ContainerSASPermissions } from "@azure/storage-blob";
import { startAzurite } from "../../support/azurite";
import { callApi } from "../../support/api-calls";
import { FakeClock } from "../../support/fake-clock";
import { drop, reply, startFakeHttp, type FakeAnswer, type FakeHttp } from "../../support/fake-http";

let storage: Awaited<ReturnType<typeof startAzurite>>;
const servers: FakeHttp[] = [];

beforeAll(async () => {
  storage = await startAzurite();
}, 60_000);
afterAll(async () => {
  await storage.stop();
  await Promise.all(servers.map((server) => server.close()));
});

const health = (...checks: HealthCheck[]) => callApi("health", { checks, version: "1.2.3" });
const jobs = async (answer: FakeAnswer, token = "t-0") => {
  const server = await startFakeHttp(answer);
  servers.push(server);
  return createJobsClient({
    host: server.url,
    auth: { kind: "token", token },
    requestsPerSecond: 50,
    version: "1.2.3",
    clock: new FakeClock(),
    budgetMs: 2000,
  });
};
/** A workspace with just these jobs. */
const workspace =
  (...names: string[]): FakeAnswer =>
  (request, response) => {
    const asked = new URL(request.url, "http://x").searchParams.get("name");
    const found = names
      .filter((name) => name === asked)
      .map((name, index) => ({ job_id: index + 1, settings: { name } }));
    reply(200, { jobs: found })(request, response);
  };

describe("health of the storage", () => {
  it("is ok when containers are there, also before the first table is", async () => {
    const clients = createStorageClients({ kind: "connectionString", connectionString: storage.connectionString });
    await clients.blobService.createContainer("drops");

    const answer = await health(
      containerCheck(clients.blobService.getContainerClient("drops"), "DROPS_CONTAINER"),
      tableCheck(clients.table("notyet")),
    );

    expect(answer.status).toBe(200);
    expect(healthSchema.parse(answer.body)).toMatchObject({
      status: "healthy",
      version: "1.2.3",
      checks: [{ status: "ok" }, { status: "ok" }],
    });
  });

  it("tries a write, which a key that only reads does not survive", async () => {
    const { blobService } = createStorageClients({
      kind: "connectionString",
      connectionString: storage.connectionString,
    });
    const container = blobService.getContainerClient("writable");
    await container.create();
    const readOnly = await container.generateSasUrl({
      permissions: ContainerSASPermissions.parse("rl"),
      expiresOn: new Date(Date.now() + 3_600_000),
    });

    const fine = await health(writeCheck(container, "BATCHES_CONTAINER"));
    const again = await health(writeCheck(container, "BATCHES_CONTAINER"));
    const refused = await health(writeCheck(new ContainerClient(readOnly), "BATCHES_CONTAINER"));

    expect([fine.status, again.status, refused.status]).toEqual([200, 200, 503]);
    expect(JSON.stringify(refused.body)).toContain("grant the role Storage Blob Data Contributor");
  });

  it("asks for a delegation key, which an account key cannot have, and names the role", async () => {
    const { blobService } = createStorageClients({
      kind: "connectionString",
      connectionString: storage.connectionString,
    });

    const answer = await health(delegationKeyCheck(blobService));

    expect(answer.status).toBe(503);
    expect(JSON.stringify(answer.body)).toContain("user delegation key");
  });

  it("names a container that is missing and its setting", async () => {
    const { blobService } = createStorageClients({
      kind: "connectionString",
      connectionString: storage.connectionString,
    });

    const answer = await health(containerCheck(blobService.getContainerClient("lost"), "RESULTS_CONTAINER"));

    expect(answer.status).toBe(503);
    expect(answer.body["checks"]).toEqual([
      {
        name: "container lost",
        status: "failed",
        message: "container lost does not exist: create it, or change RESULTS_CONTAINER",
        remedy: expect.stringContaining("Create the container"),
      },
    ]);
  });

  it("names the role when the key is wrong, and does not show the key", async () => {
    const key = Buffer.from("canary-key").toString("base64");
    const connectionString = storage.connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${key}`);
    const clients = createStorageClients({ kind: "connectionString", connectionString });

    const { body } = await health(
      containerCheck(clients.blobService.getContainerClient("drops"), "DROPS_CONTAINER"),
      tableCheck(clients.table("runs")),
    );

    expect(JSON.stringify(body)).toMatch(
      /no access to container drops.*Storage Blob Data Contributor.*no access to table runs.*Storage Table Data Contributor/,
    );
    expect(JSON.stringify(body)).not.toContain(key);
  });

  it("says that the account cannot be reached", async () => {
    const gone = await startAzurite();
    const clients = createStorageClients({ kind: "connectionString", connectionString: gone.connectionString });
    await gone.stop();

    const { body } = await health(tableCheck(clients.table("runs")));

    expect(JSON.stringify(body)).toMatch(/table runs .*cannot be read \(ECONNREFUSED\): check DATA_STORAGE/);
  }, 60_000);
});

describe("health of Databricks", () => {
  it("is ok when every job is there once", async () => {
    const answer = await health(...databricksChecks(await jobs(workspace("a", "b")), ["a", "b", "a"]));

    expect(answer.body["checks"]).toEqual(
      ["databricks", "job a", "job b"].map((name) => ({ name, status: "ok", message: "", remedy: null })),
    );
  });

  it("names the one job that is missing", async () => {
    const answer = await health(...databricksChecks(await jobs(workspace("a")), ["a", "b"]));

    expect(answer.status).toBe(503);
    expect(answer.body["checks"]).toMatchObject([
      { name: "databricks", status: "ok" },
      { name: "job a", status: "ok" },
      { name: "job b", status: "failed", message: expect.stringMatching(/no job is named "b": deploy the bundle/) },
    ]);
  });

  it.each<[string, FakeAnswer, RegExp]>([
    [
      "a wrong token",
      reply(401, { error_code: "UNAUTHENTICATED", message: "no canary-token here" }),
      /401 UNAUTHENTICATED.*Check DATABRICKS_TOKEN/,
    ],
    ["an unreachable host", drop, /cannot reach DATABRICKS_HOST http:/],
    ["a missing right", reply(403, { error_code: "PERMISSION_DENIED", message: "no" }), /CAN_MANAGE_RUN/],
  ])("says once what is wrong: %s", async (_name, answer, message) => {
    const { status, body } = await health(...databricksChecks(await jobs(answer, "canary-token"), ["a", "b"]));

    expect(status).toBe(503);
    expect(body["checks"]).toMatchObject([
      { name: "databricks", status: "failed", message: expect.stringMatching(message) },
      { name: "job a", status: "skipped" },
      { name: "job b", status: "skipped" },
    ]);
    expect(JSON.stringify(body)).not.toContain("canary-token");
  });

  it("looks again at each call", async () => {
    const checks = databricksChecks(await jobs(workspace("a")), ["a"]);
    await health(...checks);
    await health(...checks);

    expect(servers.at(-1)?.seen).toHaveLength(2);
  });
});

describe("runHealthChecks", () => {
  it("does not wait for a check that hangs", async () => {
    const hangs: HealthCheck = { name: "x", part: "storage", hint: "check X", run: () => new Promise(() => undefined) };

    expect(await runHealthChecks([hangs], 20)).toEqual([
      {
        name: "x",
        status: "failed",
        message: "no answer within 0.02 s: check X",
        remedy: "Mend what the message names.",
      },
    ]);
  });
});

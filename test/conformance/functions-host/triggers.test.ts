import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BlobServiceClient } from "@azure/storage-blob";
import { RestartableAzurite } from "../../support/azurite";
import { TestHost, eventually } from "./harness";

jest.setTimeout(90_000);

function notes(host: TestHost, kind: string): unknown[] {
  return host
    .calls()
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => JSON.parse(line.slice(kind.length + 1)) as unknown);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("timers", () => {
  const rare = { DROPS: "drops", TICK: "0 0 0 1 1 *" };

  test("run on schedule and never overlap themselves", async () => {
    const host = new TestHost("triggers", { env: { DROPS: "drops", TICK: "* * * * * *" } });
    await host.start();
    await eventually(() => expect(notes(host, "tick").length).toBeGreaterThanOrEqual(3));
    const order = host
      .calls()
      .filter((line) => /^t[io]ck /.test(line))
      .map((line) => line.slice(0, 4));
    order.forEach((word, index) => expect(word).toBe(index % 2 === 0 ? "tick" : "tock"));
    expect(notes(host, "tick")[0]).toEqual({ past: false, status: null });
    await host.dispose();
  });

  test("a missed run is made up for at the start, once", async () => {
    const host = new TestHost("triggers", { env: rare });
    await host.start();
    expect(notes(host, "yearly")).toEqual([]);
    await host.stop();
    // As if the host had been down over an occurrence.
    const db = new DatabaseSync(join(host.dir, "state", "functions-host.sqlite"));
    db.exec(`UPDATE timer_status SET next = ${String(Date.parse("2020-01-01T00:00:00Z"))} WHERE function = 'yearly'`);
    db.close();
    await host.start();
    await eventually(() => expect(notes(host, "yearly")).toEqual([{ past: true, next: "2020-01-01T00:00:00.000Z" }]));
    await host.stop();
    await host.start();
    await pause(300);
    expect(notes(host, "yearly")).toHaveLength(1);
    expect(notes(host, "startup")).toEqual([{ past: false }, { past: false }, { past: false }]);
    await host.dispose();
  });

  test("the admin endpoint runs a timer; a retry policy repeats it", async () => {
    const host = new TestHost("triggers", { env: rare });
    await host.start();
    const response = await host.request("/admin/functions/retried", {
      method: "POST",
      body: JSON.stringify({ input: "" }),
    });
    expect(response.status).toBe(202);
    await eventually(() => expect(notes(host, "retried")).toEqual([{ count: 0 }, { count: 1 }, { count: 2 }]));
    await pause(100);
    expect(notes(host, "retried")).toHaveLength(3);
    await host.dispose();
  });
});

describe("blobs", () => {
  const azurite = new RestartableAzurite();
  let blobs: BlobServiceClient;
  let host: TestHost;
  const containers = ["drops", "deferred", "poison", "evented", "slow"];

  beforeAll(async () => {
    await azurite.start();
    blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  });
  beforeEach(async () => {
    for (const name of containers) await blobs.getContainerClient(name).createIfNotExists();
    for (const name of containers)
      for await (const blob of blobs.getContainerClient(name).listBlobsFlat())
        await blobs.getContainerClient(name).deleteBlob(blob.name);
    host = newHost();
    await host.start();
  });
  afterEach(() => host.dispose());
  afterAll(() => azurite.dispose());

  function newHost(deliverTwice = false): TestHost {
    const env = { DROPS: "drops", TICK: "0 0 0 1 1 *", FixtureStorage: azurite.connectionString };
    return new TestHost("triggers", { env, deliverTwice, args: ["--scan-interval", "100"] });
  }

  async function put(path: string, text: string): Promise<void> {
    const [container = "", ...name] = path.split("/");
    await blobs.getContainerClient(container).getBlockBlobClient(name.join("/")).upload(text, Buffer.byteLength(text));
  }

  test("each version of a blob once, with its metadata; other paths never", async () => {
    await put("drops/telemetry/2026-01-01.csv", "one");
    await put("drops/telemetry/2026-01-01.txt", "not ours");
    await eventually(() => expect(notes(host, "blob")).toHaveLength(1));
    expect(notes(host, "blob")[0]).toMatchObject({
      text: "one",
      blobTrigger: "drops/telemetry/2026-01-01.csv",
      source: "telemetry",
      day: "2026-01-01",
      length: 3,
    });
    await put("drops/telemetry/2026-01-01.csv", "three");
    await eventually(() => expect(notes(host, "blob")).toHaveLength(2));
    await host.stop("SIGKILL");
    await host.start();
    await pause(500);
    expect(notes(host, "blob").map((note) => (note as { text: string }).text)).toEqual(["one", "three"]);
  });

  test("deferred binding passes a reference, not the bytes", async () => {
    await put("deferred/a/b.csv", "content");
    await eventually(() => expect(notes(host, "reference")).toHaveLength(1));
    expect(notes(host, "reference")[0]).toEqual({
      reference: { Connection: "FixtureStorage", ContainerName: "deferred", BlobName: "a/b.csv" },
      name: "a/b.csv",
    });
  });

  test("kill -9 in the middle of a handler: the blob is delivered again", async () => {
    await put("slow/a.csv", "x");
    await eventually(() => expect(notes(host, "slow-begin")).toEqual(["a.csv"]));
    await host.stop("SIGKILL");
    await host.start();
    await eventually(() => expect(notes(host, "slow-end")).toEqual(["a.csv"]));
    expect(notes(host, "slow-begin")).toEqual(["a.csv", "a.csv"]);
  });

  test("five attempts, then the poison queue", async () => {
    await put("poison/bad.csv", "x");
    await eventually(
      () => expect(host.output).toContain("Moving message to queue 'webjobs-blobtrigger-poison': poison/bad.csv"),
      30_000,
    );
    expect(notes(host, "poisonous")).toHaveLength(5);
    await pause(500);
    expect(notes(host, "poisonous")).toHaveLength(5);
  });

  test("a storage outage is reported once, and the scan goes on after it", async () => {
    await azurite.stop();
    await eventually(
      () => expect(host.output).toContain("storage of blob function bytes-of-drop cannot be reached"),
      30_000,
    );
    await pause(1500);
    expect(host.output.split("storage of blob function bytes-of-drop cannot be reached")).toHaveLength(2);
    await azurite.start();
    await blobs.getContainerClient("drops").createIfNotExists();
    await put("drops/errors/2026-01-02.csv", "after");
    await eventually(() => expect(notes(host, "blob")).toHaveLength(1), 40_000);
    expect(host.output).toContain("storage of blob function bytes-of-drop can be reached again");
  });

  test("Event Grid: validation, notification, refusal; such a container is not scanned", async () => {
    const send = (type: string | undefined, body: unknown, fn = "evented"): Promise<Response> =>
      host.request(`/runtime/webhooks/blobs?functionName=Host.Functions.${fn}`, {
        method: "POST",
        headers: type === undefined ? {} : { "aeg-event-type": type },
        body: JSON.stringify(body),
      });
    const validation = await send("SubscriptionValidation", [{ data: { validationCode: "abc" } }]);
    expect([validation.status, await validation.json()]).toEqual([200, { validationResponse: "abc" }]);
    await put("evented/x/1.csv", "hello");
    await pause(400);
    expect(notes(host, "evented")).toEqual([]);
    const url = `${blobs.url.replace(/\/$/, "")}/evented/x/1.csv`;
    expect((await send("Notification", [{ data: { url, eTag: "0x1", blobType: "BlockBlob" } }])).status).toBe(202);
    await eventually(() => expect(notes(host, "evented")).toEqual([["x/1.csv", "hello"]]));
    expect((await send("Notification", [{ data: {} }])).status).toBe(400);
    expect((await send(undefined, [])).status).toBe(400);
    expect((await send("Unsubscribe", [])).status).toBe(202);
    expect((await send("Notification", [], "nobody")).status).toBe(404);
  });

  test("the admin endpoint delivers a named blob", async () => {
    await put("evented/by-hand.csv", "now");
    const post = (input: string): Promise<Response> =>
      host.request("/admin/functions/evented", { method: "POST", body: JSON.stringify({ input }) });
    expect((await post("evented/by-hand.csv")).status).toBe(202);
    await eventually(() => expect(notes(host, "evented")).toEqual([["by-hand.csv", "now"]]));
    expect((await post("nonsense")).status).toBe(400);
  });

  test("--deliver-twice delivers blobs twice", async () => {
    await host.dispose();
    host = newHost(true);
    await host.start();
    await put("deferred/twice.csv", "x");
    await eventually(() => expect(notes(host, "reference")).toHaveLength(2));
    await pause(300);
    expect(notes(host, "reference")).toHaveLength(2);
    expect(notes(host, "startup")).toHaveLength(2);
  });
});

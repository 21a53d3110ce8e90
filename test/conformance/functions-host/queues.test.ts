import { QueueServiceClient } from "@azure/storage-queue";
import { RestartableAzurite } from "../../support/azurite";
import { TestHost, eventually } from "./harness";

jest.setTimeout(90_000);

const azurite = new RestartableAzurite();
let queues: QueueServiceClient;
let host: TestHost;

beforeAll(async () => {
  await azurite.start();
  queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
});
beforeEach(async () => {
  for (const name of ["first", "second", "fails", "fails-poison", "bytes", "bytes-poison", "slow"]) {
    await queues.getQueueClient(name).createIfNotExists();
    await queues.getQueueClient(name).clearMessages();
  }
  host = newHost();
  await host.start();
});
afterEach(() => host.dispose());
afterAll(() => azurite.dispose());

function newHost(extra: Record<string, string> = {}, deliverTwice = false): TestHost {
  const env = { FixtureStorage: azurite.connectionString, FIRST_QUEUE: "first", ...extra };
  return new TestHost("bindings", { env, deliverTwice });
}

async function send(queue: string, content: string | Buffer): Promise<void> {
  await queues.getQueueClient(queue).sendMessage(Buffer.from(content as string).toString("base64"));
}

function notes(kind: string): unknown[] {
  const lines = host.calls().filter((line) => line.startsWith(`${kind} `));
  return lines.map((line) => JSON.parse(line.slice(kind.length + 1)) as unknown);
}

async function depth(queue: string): Promise<number> {
  return (await queues.getQueueClient(queue).getProperties()).approximateMessagesCount ?? 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a message reaches its function with metadata, and what the function returns the next queue", async () => {
  await send("first", JSON.stringify({ orderId: 7, id: "mine" }));
  await eventually(() => expect(notes("second")).toEqual([{ orderId: 7, id: "mine" }]));
  expect(notes("first")).toEqual([
    {
      message: { orderId: 7, id: "mine" },
      metadata: {
        queueTrigger: { orderId: 7, id: "mine" },
        dequeueCount: 1,
        orderId: 7,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        popReceipt: expect.any(String) as string,
        expirationTime: expect.stringMatching(/^\d{4}-/) as string,
        insertionTime: expect.stringMatching(/^\d{4}-/) as string,
        nextVisibleTime: expect.stringMatching(/^\d{4}-/) as string,
      },
    },
  ]);
  await eventually(async () => expect([await depth("first"), await depth("second")]).toEqual([0, 0]));
});

test("a text stays a text, bytes are bytes when the binding says so", async () => {
  await send("first", "just text");
  await send("bytes", Buffer.from([0xff, 0x00]));
  await eventually(() => expect(notes("second")).toEqual(["just text"]));
  await eventually(() => expect(notes("bytes")).toEqual([[true, "ff00"]]));
});

test("maxDequeueCount attempts, then the poison queue; what a failed function gave is not written", async () => {
  await send("fails", "bad");
  await eventually(() => expect(notes("poisoned")).toEqual(["bad"]));
  expect(notes("fails")).toEqual([1, 2, 3]);
  expect(host.output).toContain("Message has reached MaxDequeueCount of 3. Moving message to queue 'fails-poison'.");
  expect(host.output).toContain("Error: cannot digest bad");
  await pause(500);
  expect([notes("fails").length, await depth("fails"), notes("second")]).toEqual([3, 0, []]);
});

test("visibilityTimeout: a failed message comes again after that time", async () => {
  await host.dispose();
  host = newHost({ AzureFunctionsJobHost__extensions__queues__visibilityTimeout: "00:00:02" });
  await host.start();
  const began = Date.now();
  await send("fails", "later");
  await eventually(() => expect(notes("poisoned")).toEqual(["later"]), 20_000);
  expect(Date.now() - began).toBeGreaterThan(3500);
});

test("a message that is not base64 goes to the poison queue as it is, without an attempt", async () => {
  await queues.getQueueClient("bytes").sendMessage("plain & simple");
  await eventually(async () => {
    const { peekedMessageItems } = await queues.getQueueClient("bytes-poison").peekMessages();
    expect(peekedMessageItems.map((item) => item.messageText)).toEqual(["plain & simple"]);
  });
  expect(host.output).toContain("Message decoding has failed! Check MessageEncoding settings.");
  expect(notes("bytes")).toEqual([]);
});

test("messageEncoding none: texts as they are, in and out", async () => {
  await host.dispose();
  host = newHost({ AzureFunctionsJobHost__extensions__queues__messageEncoding: "none", FIRST_QUEUE: "slow" });
  await queues.getQueueClient("slow").sendMessage("not base64!");
  await host.start();
  await eventually(() => expect(notes("second")).toEqual(["not base64!"]));
});

test("batchSize and newBatchThreshold bound what runs at the same time", async () => {
  for (let n = 0; n < 10; n++) await send("slow", JSON.stringify({ n, ms: 150 }));
  await eventually(() => expect(notes("slow-end")).toHaveLength(10));
  const levels = (notes("slow-begin") as { running: number }[]).map((note) => note.running);
  expect(Math.max(...levels)).toBe(4);
});

test("kill -9 in the middle of a handler: the message comes again; a long one is kept from others", async () => {
  await send("slow", JSON.stringify({ ms: 40_000 }));
  await eventually(() => expect(notes("slow-begin")).toHaveLength(1));
  // Longer than the message is hidden at first: it must have been hidden again meanwhile.
  await pause(33_000);
  expect(notes("slow-begin")).toHaveLength(1);
  await host.stop("SIGKILL");
  await host.start();
  await eventually(() => expect(notes("slow-begin")).toHaveLength(2), 35_000);
});

test("SIGTERM lets what runs end and its message be deleted", async () => {
  await send("slow", JSON.stringify({ ms: 600 }));
  await eventually(() => expect(notes("slow-begin")).toHaveLength(1));
  expect(await host.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(notes("slow-end")).toHaveLength(1);
  expect(await depth("slow")).toBe(0);
});

test("an outage of the storage is told once per queue, and messages go on after it", async () => {
  await azurite.stop();
  const told = "queue 'first' of function first cannot be reached";
  await eventually(() => expect(host.output).toContain(told), 20_000);
  await azurite.start();
  await send("first", "after");
  await eventually(() => expect(notes("second")).toEqual(["after"]), 40_000);
  expect(host.output.split(told)).toHaveLength(2);
  expect(host.output).toContain("queue 'first' of function first can be reached again");
});

test("a queue that does not exist yet is waited for; a disabled function is left alone", async () => {
  await host.dispose();
  host = newHost({ FIRST_QUEUE: "comes-later", "AzureWebJobs.second.Disabled": "true" });
  await host.start();
  await pause(500);
  await queues.getQueueClient("comes-later").createIfNotExists();
  await send("comes-later", "hello");
  await eventually(() => expect(notes("first")).toHaveLength(1));
  await eventually(async () => expect(await depth("second")).toBe(1));
  await pause(500);
  expect(notes("second")).toEqual([]);
  expect(host.output).not.toContain("cannot be reached");
});

test("the admin endpoint runs a queue function with a text", async () => {
  const body = JSON.stringify({ input: '{"by":"hand"}' });
  expect((await host.request("/admin/functions/first", { method: "POST", body })).status).toBe(202);
  await eventually(() => expect(notes("second")).toEqual([{ by: "hand" }]));
});

test("--deliver-twice delivers messages twice", async () => {
  await host.dispose();
  host = newHost({}, true);
  await host.start();
  await send("bytes", "x");
  await eventually(() => expect(notes("bytes")).toHaveLength(2));
});

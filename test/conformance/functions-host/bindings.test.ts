import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import type { LocalStorage } from "../../../local/stack/azurite";
import { startAzurite } from "../../support/azurite";
import { TestHost, eventually } from "./harness";

jest.setTimeout(60_000);

let azurite: LocalStorage;
let blobs: BlobServiceClient;
let host: TestHost;

beforeAll(async () => {
  azurite = await startAzurite();
  blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const env = { FixtureStorage: azurite.connectionString, FIRST_QUEUE: "first" };
  host = new TestHost("bindings", { env, args: ["--scan-interval", "100"] });
  await host.start();
});
afterAll(async () => {
  await host.dispose();
  await azurite.stop();
});

const order = (shop: string, body: unknown, tag = "t"): Promise<Response> =>
  host.request(`/api/order/${shop}?tag=${tag}`, { method: "POST", body: JSON.stringify(body) });

async function messages(queue: string): Promise<string[]> {
  const client = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(queue);
  const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: 32 });
  for (const item of receivedMessageItems) await client.deleteMessage(item.messageId, item.popReceipt);
  return receivedMessageItems.map((item) => Buffer.from(item.messageText, "base64").toString());
}

async function blob(container: string, name: string): Promise<Buffer> {
  return blobs.getContainerClient(container).getBlobClient(name).downloadToBuffer();
}

async function names(container: string): Promise<string[]> {
  const found: string[] = [];
  for await (const item of blobs.getContainerClient(container).listBlobsFlat()) found.push(item.name);
  return found;
}

function rows(): TableClient {
  return TableClient.fromConnectionString(azurite.connectionString, "orders", { allowInsecureConnection: true });
}

describe("outputs", () => {
  test("one answer, a queue, two blobs and a table: all are made when they are missing", async () => {
    const given = {
      id: "1",
      customer: { name: "ann" },
      amount: 7,
      price: 1.5,
      open: true,
      nothing: null,
      big: 2 ** 40,
    };
    const response = await order("north", given);
    expect([response.status, await response.text()]).toEqual([201, "ordered"]);
    expect((await messages("orders")).map((text) => JSON.parse(text) as unknown)).toEqual([given]);
    expect(JSON.parse((await blob("orders", "north/ann-t.json")).toString())).toEqual(given);
    const [guid = ""] = await names("guids");
    expect(guid).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}-\d{4}-\d\d-\d\d\.txt$/);
    expect([...(await blob("guids", guid))]).toEqual([0, 255, 254]);
    expect(await rows().getEntity("north", "1")).toMatchObject({
      id: "1",
      amount: 7n,
      big: 2n ** 40n,
      price: 1.5,
      open: true,
      customer: '{"name":"ann"}',
    });
  });

  test("an array is one message, or one entity, for each item", async () => {
    const rowsOf = [1, 2, 3].map((n) => ({ PartitionKey: "east", RowKey: `r${n}`, amount: n }));
    await order("east", { id: "x", customer: { name: "bob" }, messages: ["a", { b: 1 }, 3], rows: rowsOf });
    expect((await messages("orders")).toSorted()).toEqual(["3", "a", '{"b":1}']);
    const found: string[] = [];
    for await (const entity of rows().listEntities({ queryOptions: { filter: "PartitionKey eq 'east'" } }))
      found.push(String(entity.rowKey));
    expect(found).toEqual(["r1", "r2", "r3"]);
  });

  test("a function that throws writes nothing", async () => {
    const response = await order("south", { id: "2", customer: { name: "cy" }, fail: true });
    expect(response.status).toBe(500);
    expect(await messages("orders")).toEqual([]);
    expect(await names("orders")).not.toContain("south/cy-t.json");
  });

  test("an output that cannot be written fails the invocation, with the binding's name", async () => {
    // The entity is there already: output bindings insert.
    const response = await order("north", { id: "1", customer: { name: "ann" } });
    expect(response.status).toBe(500);
    expect(host.output).toMatch(/Executed 'Functions\.order' \(Failed/);
    expect(host.output).toMatch(
      /function 'order', output binding 'tableOutput\w+': The specified entity already exists/i,
    );
    await messages("orders");
    const without = await order("north", { id: "9" });
    expect(without.status).toBe(500);
    expect(host.output).toMatch(
      /function 'order', output binding 'blobOutput\w+': no value for the binding expression "\{customer\.name\}" of "orders\/\{shop\}/,
    );
    await messages("orders");
  });

  test("the return value of an HTTP function may be a blob", async () => {
    const response = await host.request("/api/toBlob/returned.txt", { method: "POST", body: JSON.stringify("text") });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect((await blob("made", "returned.txt")).toString()).toBe("text");
  });

  test("an activity has outputs too", async () => {
    const response = await host.request("/api/start/storing/act-1", {
      method: "POST",
      body: JSON.stringify({ a: [1] }),
    });
    expect(response.status).toBe(202);
    expect((await host.finished("act-1")).output).toBe("stored");
    expect((await blob("made", "act-1")).toString()).toBe('{"a":[1]}');
  });

  test("a blob function returns a blob", async () => {
    const container = blobs.getContainerClient("incoming");
    await container.createIfNotExists();
    await container.getBlockBlobClient("x.txt").upload("content", 7);
    await eventually(async () => expect((await blob("outgoing", "x-copy.txt")).toString()).toBe("content"));
  });
});

test("of a streamed answer the end waits for the outputs, and one that fails is 500", async () => {
  const env = { FixtureStorage: azurite.connectionString, FIRST_QUEUE: "streamed", FIXTURE_STREAM: "1" };
  const streaming = new TestHost("bindings", { env });
  await streaming.start();
  const post = (): Promise<Response> => {
    const body = JSON.stringify({ id: "s1", customer: { name: "di" }, shop: "streamed" });
    return streaming.request("/api/order/streamed?tag=t&customer.name=di", { method: "POST", body });
  };
  const first = await post();
  expect([first.status, await first.text()]).toEqual([201, "ordered"]);
  expect(await rows().getEntity("streamed", "s1")).toMatchObject({ id: "s1" });
  expect((await post()).status).toBe(500);
  await messages("orders");
  await streaming.dispose();
});

describe("inputs", () => {
  test("a blob is text, or bytes when the binding says so; a missing one is undefined", async () => {
    await blobs.getContainerClient("made").createIfNotExists();
    const read = async (name: string): Promise<unknown> => (await host.request(`/api/fromBlob/${name}`)).json();
    expect(await read("missing")).toEqual({ text: null, hex: null });
    const put = (name: string, content: Buffer): Promise<unknown> =>
      blobs.getContainerClient("made").getBlockBlobClient(name).upload(content, content.length);
    await put("text", Buffer.from("Grüße"));
    expect(await read("text")).toEqual({ text: "Grüße", hex: "4772c3bcc39f65" });
    await put("json", Buffer.from('{"a":1}'));
    expect(await read("json")).toMatchObject({ text: { a: 1 } });
    await put("bytes", Buffer.from([0xff, 0xfe, 0]));
    expect(await read("bytes")).toMatchObject({ hex: "fffe00" });
    expect(host.output).toMatch(/made\/bytes is no UTF-8 text and reaches the function damaged; set dataType "binary"/);
  });

  test("sdkBinding passes a reference to a blob, which need not exist", async () => {
    expect(await (await host.request("/api/referBlob/later.bin")).json()).toEqual({
      Connection: "FixtureStorage",
      ContainerName: "made",
      BlobName: "later.bin",
    });
  });

  test("one entity by its keys, a list by filter and take", async () => {
    const table = rows();
    await table.createTable();
    await table.createEntity({ partitionKey: "o'west", rowKey: "0", amount: 1, at: new Date("2026-01-02T03:04:05Z") });
    for (const n of [1, 2, 3]) await table.createEntity({ partitionKey: "o'west", rowKey: `${n}`, amount: 10 * n });
    const get = async (path: string): Promise<unknown> => (await host.request(`/api/${path}`)).json();
    expect(await get("row/o'west/0")).toEqual({
      row: {
        PartitionKey: "o'west",
        RowKey: "0",
        amount: 1,
        at: expect.stringMatching(/^2026-01-02T03:04:05/) as string,
      },
    });
    expect(await get("row/o'west/none")).toEqual({ row: null });
    expect(await get("rows/o'west?least=10")).toEqual(
      [1, 2].map((n) => ({ PartitionKey: "o'west", RowKey: `${n}`, amount: 10 * n })),
    );
    expect(await get("rows/nobody?least=1")).toEqual([]);
  });

  test("an expression that nothing names fails the invocation", async () => {
    expect((await host.request("/api/named")).status).toBe(500);
    expect(host.output).toContain('no value for the binding expression "{doesNotExist}" of "made/{doesNotExist}"');
  });
});

describe("what is not served is told at the start, once, with function and binding", () => {
  test("an output and an input of another kind", async () => {
    const lines = host.output.split("\n");
    const told = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
    expect(
      told(
        /function 'elsewhere', output binding 'serviceBusOutput\w+' of type "serviceBus" is not served by this host: what the function gives it is lost/,
      ),
    ).toBe(1);
    expect(
      told(
        /function 'elsewhere', input binding 'cosmosDBInput\w+' of type "cosmosDB" is not served by this host: the function gets undefined/,
      ),
    ).toBe(1);
    expect(await (await host.request("/api/elsewhere")).json()).toEqual({ documents: null });
  });

  test("a function whose binding is wrong is in error; the others are served", async () => {
    expect(host.output).toMatch(
      /The 'unconnected' function is in error: function 'unconnected', output binding 'queueOutput\w+': connection setting "NoSuchSetting" is not set/,
    );
    expect(host.output).toContain(
      "The 'badName' function is in error: queue function badName: \"No_Queue\" is no queue name",
    );
    expect((await host.request("/api/unconnected")).status).toBe(404);
  });
});

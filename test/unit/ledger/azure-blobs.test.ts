import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BlobServiceClient } from "@azure/storage-blob";
import { AzureBlobs } from "../../../src/ledger/azure-blobs";
import { SourceSigner } from "../../../src/ledger/source-signer";
import { StorageError } from "../../../src/ledger/ports";
import { startAzurite } from "../../support/azurite";

/** Answers that the emulator does not give: what this says of a request is answered instead of being passed on. */
type Override = (method: string, url: string) => { status: number; code: string } | null;

let storage: Awaited<ReturnType<typeof startAzurite>>;
let proxy: Server;
let override: Override = () => null;
let blobs: AzureBlobs;
let direct: BlobServiceClient;

beforeAll(async () => {
  storage = await startAzurite();
  const endpoint = new URL(/BlobEndpoint=([^;]+)/.exec(storage.connectionString)?.[1] ?? "");
  proxy = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const instead = override(method, url);
    if (instead) {
      incoming.resume();
      outgoing.writeHead(instead.status, { "x-ms-error-code": instead.code });
      outgoing.end();
      return;
    }
    const { hostname, port } = endpoint;
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const through = `BlobEndpoint=http://127.0.0.1:${(proxy.address() as AddressInfo).port}/devstoreaccount1`;
  blobs = new AzureBlobs(
    BlobServiceClient.fromConnectionString(storage.connectionString.replace(/BlobEndpoint=[^;]+/, through), {
      retryOptions: { maxTries: 1 },
    }),
    () => new Date(),
  );
  direct = BlobServiceClient.fromConnectionString(storage.connectionString);
  await direct.getContainerClient("drops").create();
}, 60_000);

afterAll(async () => {
  await new Promise((resolve) => proxy.close(resolve));
  await storage.stop();
});

beforeEach(() => {
  override = () => null;
});

const put = async (path: string): Promise<string> =>
  ((await direct.getContainerClient("drops").getBlockBlobClient(path).upload("one", 3)).etag ?? "").replaceAll('"', "");

describe("a blob that only its writer's key opens", () => {
  it("is known by its listing, since a HEAD of it is refused", async () => {
    await put("telemetry/secret.csv.gz");
    const etag = await put("telemetry/secret.csv");
    override = (method) => (method === "HEAD" ? { status: 409, code: "BlobUsesCustomerSpecifiedEncryption" } : null);

    expect(await blobs.head("drops", "telemetry/secret.csv")).toMatchObject({ etag, size: 3, customerKey: true });
  });
});

describe("an address to write at", () => {
  it.each(["telemetry/../../batches/x.csv", "telemetry/./x.csv", "telemetry\\x.csv"])(
    "is never signed for %s, whose URL leads to another blob",
    async (path) => {
      const signer = new SourceSigner(direct, () => new Date());

      await expect(signer.uploadUrlOf({ container: "drops", path }, 15)).rejects.toThrow(/no URL leads to just drops/);
    },
  );
});

describe("a fault of the storage", () => {
  it("carries status and error code, and no signature of a source", async () => {
    const etag = await put("telemetry/a.csv");
    override = (method, url) =>
      method === "PUT" && url.includes("/target/") && !url.includes("restype=container")
        ? { status: 409, code: "BlobArchived" }
        : null;

    const fault = await blobs
      .copy({ container: "drops", path: "telemetry/a.csv", etag, size: 3 }, { container: "target", path: "a" }, {})
      .catch((error: unknown) => error);

    expect(fault).toBeInstanceOf(StorageError);
    expect(fault).toMatchObject({ status: 409, code: "BlobArchived" });
    expect(JSON.stringify(fault, Object.getOwnPropertyNames(fault))).not.toMatch(/sig=|SharedKey/);
  });

  it("that answers nothing has no status", async () => {
    const nobody = BlobServiceClient.fromConnectionString(
      storage.connectionString.replace(/BlobEndpoint=[^;]+/, "BlobEndpoint=http://127.0.0.1:9/devstoreaccount1"),
      { retryOptions: { maxTries: 1 } },
    );

    await expect(new AzureBlobs(nobody, () => new Date()).head("drops", "a")).rejects.toMatchObject({
      name: "StorageError",
      status: 0,
    });
  });
});

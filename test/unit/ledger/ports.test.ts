import { randomBytes } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";
import { createStorageClients } from "../../../src/config/storage-clients";
import { AzureBlobs } from "../../../src/ledger/azure-blobs";
import { AzureTable } from "../../../src/ledger/azure-table";
import { useAzurite } from "../../support/azurite";
import { blobPortContract } from "../../support/blob-contract";
import { tablePortContract } from "../../support/table-contract";

const storage = useAzurite();

const unique = (): string => `t${randomBytes(8).toString("hex")}`;

tablePortContract("AzureTable", () => {
  const clients = createStorageClients({ kind: "connectionString", connectionString: storage.connectionString });
  return new AzureTable(clients.table(unique()));
});

blobPortContract("AzureBlobs", async () => {
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  const container = unique();
  await service.getContainerClient(container).create();
  return {
    blobs: new AzureBlobs(service, () => new Date()),
    container,
    target: unique(),
    put: async (path, text, metadata = {}) => {
      const client = service.getContainerClient(container).getBlockBlobClient(path);
      const { etag = "" } = await client.upload(text, Buffer.byteLength(text), { metadata: { ...metadata } });
      return etag.replaceAll('"', "");
    },
  };
});

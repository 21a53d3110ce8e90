import { TableClient } from "@azure/data-tables";
import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import type { StorageConfig } from "./config";

/** Clients of the one storage account. */
export interface StorageClients {
  readonly blobService: BlobServiceClient;
  /** A client of the table with this full name; creates nothing. */
  readonly table: (name: string) => TableClient;
}

/** Builds the clients; makes no call. */
export function createStorageClients(storage: StorageConfig): StorageClients {
  if (storage.kind === "connectionString") {
    const { connectionString } = storage;
    // Only the local emulator speaks http; the account in Azure refuses it.
    const allowInsecureConnection =
      /UseDevelopmentStorage=true|DefaultEndpointsProtocol=http;|TableEndpoint=http:/i.test(connectionString);
    return {
      blobService: BlobServiceClient.fromConnectionString(connectionString),
      table: (name) => TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection }),
    };
  }
  const credential = storageCredential(storage);
  return {
    blobService: new BlobServiceClient(storage.blobServiceUri, credential),
    table: (name) => new TableClient(storage.tableServiceUri, name, credential),
  };
}

function storageCredential(storage: Extract<StorageConfig, { kind: "identity" }>): TokenCredential {
  const { clientId } = storage;
  if (storage.credential === "default")
    return new DefaultAzureCredential(clientId ? { managedIdentityClientId: clientId } : {});
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}

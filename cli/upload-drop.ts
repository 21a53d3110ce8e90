import type { ApiClient } from "./client";
import type { CliContext } from "./context";
import { ownFault } from "./fault";
import { operationById } from "./operations";

/** Puts the bytes where the app says; returns the entity tag of what is there now. */
export async function uploadDrop(
  context: CliContext,
  client: ApiClient,
  pipeline: string,
  path: string,
  bytes: Uint8Array,
): Promise<string> {
  const { body } = await client.call(operationById("uploadDrop"), { path: { pipeline }, body: { path } });
  const { url, headers } = body as { url: string; headers: Record<string, string> };
  const response = await context.fetch(url, {
    method: "PUT",
    headers,
    body: Buffer.from(bytes),
    signal: context.signal,
  });
  if (!response.ok) throw ownFault("unreachable", `the storage account answered ${response.status} to the upload`);
  return (response.headers.get("etag") ?? "").replaceAll('"', "");
}

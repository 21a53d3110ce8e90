import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type BlobServiceClient,
} from "@azure/storage-blob";
import type { BlobName } from "./ports";

const SAS_MINUTES = 60;
const MINUTE_MS = 60_000;

interface DelegationKey {
  readonly key: Awaited<ReturnType<BlobServiceClient["getUserDelegationKey"]>>;
  readonly expiresAt: number;
}

/** Signs the sources of copies: with the account key, or with a user delegation key when an identity signs in. */
export class SourceSigner {
  private delegation: DelegationKey | undefined;

  constructor(
    private readonly service: BlobServiceClient,
    private readonly now: () => Date,
  ) {}

  /** URL of a blob with a short read-only signature. */
  async urlOf({ container, path }: BlobName): Promise<string> {
    const source = this.service.getContainerClient(container).getBlockBlobClient(path);
    const startsOn = new Date(this.now().getTime() - 5 * MINUTE_MS);
    const expiresOn = new Date(this.now().getTime() + SAS_MINUTES * MINUTE_MS);
    const permissions = BlobSASPermissions.parse("r");
    if (this.service.credential instanceof StorageSharedKeyCredential)
      return source.generateSasUrl({ permissions, startsOn, expiresOn });
    const values = { containerName: container, blobName: path, permissions, startsOn, expiresOn };
    const signature = generateBlobSASQueryParameters(values, await this.delegationKey(), this.service.accountName);
    return `${source.url}?${signature.toString()}`;
  }

  private async delegationKey(): Promise<DelegationKey["key"]> {
    const now = this.now().getTime();
    if (this.delegation === undefined || this.delegation.expiresAt < now + SAS_MINUTES * MINUTE_MS) {
      const expiresAt = now + 4 * SAS_MINUTES * MINUTE_MS;
      const key = await this.service.getUserDelegationKey(new Date(now - 5 * MINUTE_MS), new Date(expiresAt));
      this.delegation = { key, expiresAt };
    }
    return this.delegation.key;
  }
}

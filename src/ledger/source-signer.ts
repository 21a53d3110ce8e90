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

/** A URL with a signature in it: whoever has it has the right. */
export interface SignedUrl {
  readonly url: string;
  readonly expiresAt: string;
}

/** Signs the sources of copies, and where a person may put a drop: with the account key, or with a user delegation key when an identity signs in. */
export class SourceSigner {
  private delegation: DelegationKey | undefined;

  constructor(
    private readonly service: BlobServiceClient,
    private readonly now: () => Date,
  ) {}

  /** URL of a blob that may be read for an hour. */
  async urlOf(name: BlobName): Promise<string> {
    return (await this.signed(name, "r", SAS_MINUTES)).url;
  }

  /** URL under which just this blob may be written once or again, for so many minutes. */
  async uploadUrlOf(name: BlobName, minutes: number): Promise<SignedUrl> {
    return this.signed(name, "cw", minutes);
  }

  private async signed({ container, path }: BlobName, rights: string, minutes: number): Promise<SignedUrl> {
    const source = this.service.getContainerClient(container).getBlockBlobClient(path);
    const startsOn = new Date(this.now().getTime() - 5 * MINUTE_MS);
    const expiresOn = new Date(this.now().getTime() + minutes * MINUTE_MS);
    const expiresAt = expiresOn.toISOString();
    const permissions = BlobSASPermissions.parse(rights);
    if (this.service.credential instanceof StorageSharedKeyCredential)
      return { url: await source.generateSasUrl({ permissions, startsOn, expiresOn }), expiresAt };
    const values = { containerName: container, blobName: path, permissions, startsOn, expiresOn };
    const signature = generateBlobSASQueryParameters(values, await this.delegationKey(), this.service.accountName);
    return { url: `${source.url}?${signature.toString()}`, expiresAt };
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

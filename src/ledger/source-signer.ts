import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type BlobServiceClient,
  type BlockBlobClient,
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

  /**
   * URL under which just this blob may be written once or again, for so many minutes.
   * @throws Error when a URL of this name would lead to another blob, as one with `..` in it does
   */
  async uploadUrlOf(name: BlobName, minutes: number): Promise<SignedUrl> {
    const { containerName, name: path } = this.blobOf(name);
    if (containerName !== name.container || path !== name.path)
      throw new Error(`no URL leads to just ${name.container}/${name.path}`);
    return this.signed(name, "cw", minutes);
  }

  private blobOf({ container, path }: BlobName): BlockBlobClient {
    return this.service.getContainerClient(container).getBlockBlobClient(path);
  }

  private async signed(name: BlobName, rights: string, minutes: number): Promise<SignedUrl> {
    const { container, path } = name;
    const source = this.blobOf(name);
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

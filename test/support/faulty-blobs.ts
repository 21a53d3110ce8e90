import type { BlobHead, BlobName, BlobPage, BlobPort, BlobVersion, ListOptions } from "../../src/ledger/ports";

type Copy = BlobPort["copy"];

/** A real blob port of which a test makes single calls fail, or answer what the emulator never does. */
export class FaultyBlobs implements BlobPort {
  /** Instead of a copy; `go` does it. */
  onCopy: (source: BlobVersion, target: BlobName, go: () => ReturnType<Copy>) => ReturnType<Copy> = (_s, _t, go) =>
    go();
  /** Changes what a HEAD says, or throws. */
  onHead: (name: BlobName, head: BlobHead | null) => BlobHead | null = (_name, head) => head;
  /** Before a blob is removed. */
  onRemove: (name: BlobName) => Promise<void> = () => Promise.resolve();
  readonly copies: BlobName[] = [];
  readonly aborted: BlobName[] = [];
  readonly heads: BlobName[] = [];

  constructor(private readonly real: BlobPort) {}

  async head(container: string, path: string): Promise<BlobHead | null> {
    this.heads.push({ container, path });
    return this.onHead({ container, path }, await this.real.head(container, path));
  }

  async copy(source: BlobVersion, target: BlobName, metadata: Readonly<Record<string, string>>): ReturnType<Copy> {
    this.copies.push(target);
    return this.onCopy(source, target, async () => this.real.copy(source, target, metadata));
  }

  async abortCopy(target: BlobName, copyId: string): Promise<void> {
    this.aborted.push(target);
    await this.real.abortCopy(target, copyId);
  }

  async remove(container: string, path: string, ifEtag?: string): Promise<boolean> {
    await this.onRemove({ container, path });
    return this.real.remove(container, path, ifEtag);
  }

  async readText(container: string, path: string): Promise<string | null> {
    return this.real.readText(container, path);
  }

  async readBytes(container: string, path: string): Promise<Uint8Array | null> {
    return this.real.readBytes(container, path);
  }

  async createJson(container: string, path: string, value: unknown): Promise<boolean> {
    return this.real.createJson(container, path, value);
  }

  async createBytes(...call: Parameters<BlobPort["createBytes"]>): Promise<boolean> {
    return this.real.createBytes(...call);
  }

  async putJson(container: string, path: string, value: unknown): Promise<void> {
    return this.real.putJson(container, path, value);
  }

  list(container: string, options?: ListOptions): AsyncIterable<BlobPage> {
    return this.real.list(container, options);
  }
}

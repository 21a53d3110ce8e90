import { manifestBlob } from "../../domain/ids";
import { manifestSchema, type Manifest } from "../../domain/manifest";
import { parseStored } from "../../domain/stored";
import { sha256 } from "../../domain/tokens";
import type { BlobPort } from "../ports";

/**
 * Manifests. The row of a run decides which draft became its batch; the blob at the manifest's own path follows, so that a run is
 * frozen or closed, and never both at once.
 */
export class ManifestStore {
  constructor(
    private readonly blobs: BlobPort,
    private readonly container: string,
  ) {}

  /** Keeps a manifest that the run may be frozen with; returns the name by which the run's row can choose it. */
  async draft(manifest: Manifest): Promise<string> {
    const name = sha256(JSON.stringify(manifest)).slice(0, 24);
    await this.blobs.createJson(this.container, draftBlob(manifest.runId, name), manifest);
    return name;
  }

  /** The manifest at its own path; null when there is none. */
  async find(runId: string): Promise<Manifest | null> {
    return this.parsed(manifestBlob(runId));
  }

  /** The manifest of a frozen run, put at its own path if whoever froze it did not get so far. */
  async read(runId: string, chosen: string | null): Promise<Manifest> {
    const known = await this.find(runId);
    if (known !== null) return known;
    const draft = chosen === null ? null : await this.parsed(draftBlob(runId, chosen));
    if (draft !== null) await this.blobs.createJson(this.container, manifestBlob(runId), draft);
    // Another execution may have put it there and removed the draft between the two looks above.
    const manifest = draft ?? (await this.find(runId));
    if (manifest === null) throw new Error(`run ${runId} is frozen, but its manifest is gone`);
    if (chosen !== null) await this.blobs.remove(this.container, draftBlob(runId, chosen));
    return manifest;
  }

  private async parsed(path: string): Promise<Manifest | null> {
    const text = await this.blobs.readText(this.container, path);
    return text === null ? null : parseStored(manifestSchema, JSON.parse(text));
  }
}

const draftBlob = (runId: string, name: string): string => `${runId}/drafts/${name}.json`;

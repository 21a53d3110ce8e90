import { createClaimDrops } from "../../src/activities/claim-drops";
import { createFinishBatch } from "../../src/activities/finish-batch";
import { createFreezeDrops } from "../../src/activities/freeze-drops";
import { createWriteManifest } from "../../src/activities/write-manifest";
import type { FreezeResult } from "../../src/domain/activity-types";
import type { DropRecord } from "../../src/domain/drop";
import { listDrops } from "../../src/ledger/drops/drop-lists";
import { recordBlob, type RecordedBlob } from "../../src/ledger/drops/record-blob";
import { closeRun } from "../../src/runs/close-run";
import type { ClosingState } from "../../src/domain/activity-types";
import { createActivityFixture, type ActivityFixture, type FixtureOptions } from "./activities";
import { FaultyBlobs } from "./faulty-blobs";

/** Drives the activities of a batch as the orchestrator does, one attempt of one run. */
export class BatchDriver {
  constructor(
    private readonly fixture: ActivityFixture,
    private readonly dropsPerPage?: number,
  ) {}

  /** What the trigger does for one event. */
  async receive(path: string): Promise<RecordedBlob> {
    const { ledger, pipelines, container } = this.fixture;
    return recordBlob({ ...ledger, definitions: pipelines }, container, path);
  }

  /** Puts a blob and tells of it. */
  async deliver(path: string, text = path): Promise<RecordedBlob> {
    await this.fixture.put(path, text);
    return this.receive(path);
  }

  async claim(runId: string, attempt = 1): Promise<void> {
    let page = { files: 0, bytes: 0, more: true };
    while (page.more)
      page = await createClaimDrops(this.fixture.activities)({ runId, attempt, ...page }, this.fixture.context);
  }

  async freezePage(runId: string, giveUp = false, attempt = 1): Promise<FreezeResult> {
    return createFreezeDrops(this.fixture.activities, this.dropsPerPage)(
      { runId, attempt, giveUp },
      this.fixture.context,
    );
  }

  async decide(runId: string, attempt = 1): Promise<"written" | "empty"> {
    return (await createWriteManifest(this.fixture.activities)({ runId, attempt }, this.fixture.context)).kind;
  }

  async finish(runId: string, attempt = 1): Promise<void> {
    while ((await createFinishBatch(this.fixture.activities)({ runId, attempt }, this.fixture.context)).more);
  }

  /** All of it; returns the paths of the manifest. */
  async make(runId: string, attempt = 1): Promise<string[]> {
    await this.claim(runId, attempt);
    while ((await this.freezePage(runId, false, attempt)).left !== "none");
    if ((await this.decide(runId, attempt)) === "empty") return [];
    await this.finish(runId, attempt);
    return this.fixture.manifestPaths(runId);
  }

  async close(runId: string, state: ClosingState = "succeeded", attempt = 1): Promise<void> {
    await closeRun(this.fixture.activities, { runId, attempt, state, error: null }, this.fixture.context);
  }

  async drops(): Promise<DropRecord[]> {
    const definition = this.fixture.pipelines.get("scoring");
    if (!definition) throw new Error("the fixture has no pipeline scoring");
    return [...(await listDrops(this.fixture.ledger.drops, definition, { pipeline: "scoring", top: 10_000 })).items];
  }

  /** State of each path; of several versions the one seen last. */
  async states(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.drops()).map(({ path, state }) => [path, state]));
  }
}

/** An activity fixture whose copies of blobs a test can disturb, with a driver of its batches. */
export async function createFaultyBatches(
  connectionString: string,
  drops: FixtureOptions["drops"] = {},
): Promise<{ fixture: ActivityFixture; driver: BatchDriver; faulty: FaultyBlobs }> {
  let faulty: FaultyBlobs | undefined;
  const blobs = (real: ConstructorParameters<typeof FaultyBlobs>[0]) => (faulty = new FaultyBlobs(real));
  const fixture = await createActivityFixture(connectionString, undefined, { drops, storage: { blobs } });
  if (!faulty) throw new Error("the fixture has no blobs");
  return { fixture, driver: new BatchDriver(fixture), faulty };
}

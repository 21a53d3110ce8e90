import type { Unfinished } from "../../domain/drop";
import type { NewRow, Row, TablePort } from "../ports";
import { rowsOf } from "../ranges";
import { pathPartition } from "./drop-rows";

/** A blob that its writer has not finished, as far as can be seen: it is looked at again until it is a drop. */
export interface UnfinishedBlob {
  readonly pipeline: string;
  readonly container: string;
  readonly path: string;
  readonly why: Unfinished;
  readonly etag: string;
  /** When it was first seen unfinished. */
  readonly since: string;
  /** When this version of it was first seen; by our clock, not the storage's. */
  readonly unchangedSince: string;
  readonly lookAt: string;
}

const partitionOf = (pipeline: string): string => `unfinished|${pipeline}`;

/** `etag` would be the row's own. */
function rowOf({ etag: blobEtag, ...columns }: UnfinishedBlob): NewRow {
  const { pipeline, container, path } = columns;
  return { partitionKey: partitionOf(pipeline), rowKey: pathPartition(container, path), ...columns, blobEtag };
}

function toUnfinished(row: Row): UnfinishedBlob {
  return {
    pipeline: String(row["pipeline"]),
    container: String(row["container"]),
    path: String(row["path"]),
    why: row["why"] as Unfinished,
    etag: String(row["blobEtag"]),
    unchangedSince: String(row["unchangedSince"]),
    since: String(row["since"]),
    lookAt: String(row["lookAt"]),
  };
}

/** Blobs that are not drops yet. One row a path: what is there when it is finished is what counts. */
export class UnfinishedStore {
  constructor(private readonly table: TablePort) {}

  /** Notes a blob; one that is noted already keeps its times. */
  async add(blob: UnfinishedBlob): Promise<void> {
    await this.table.insert(rowOf(blob));
  }

  async update(blob: UnfinishedBlob): Promise<void> {
    await this.table.put(rowOf(blob));
  }

  async remove(blob: UnfinishedBlob): Promise<void> {
    await this.table.remove(partitionOf(blob.pipeline), pathPartition(blob.container, blob.path));
  }

  async list(pipeline: string, limit: number): Promise<UnfinishedBlob[]> {
    return (await rowsOf(this.table, { partition: partitionOf(pipeline), limit })).map(toUnfinished);
  }

  async find(pipeline: string, container: string, path: string): Promise<UnfinishedBlob | null> {
    const row = await this.table.get(partitionOf(pipeline), pathPartition(container, path));
    return row && toUnfinished(row);
  }
}

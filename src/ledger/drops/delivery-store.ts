import type { Arrived, Delivery } from "../../domain/delivery";
import { sha256 } from "../../domain/tokens";
import type { TablePort } from "../ports";
import { rowsOf } from "../ranges";

const partitionOf = (pipeline: string, { source, key }: Delivery): string =>
  `delivery|${pipeline}|${sha256(`${source}\n${key}`).slice(0, 32)}`;

/** Which files of each delivery were ever seen, batched ones included. */
export class DeliveryStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** Notes a file; one that is noted keeps its time. */
  async note(
    pipeline: string,
    delivery: Delivery,
    path: string,
    seenAt: string = this.now().toISOString(),
  ): Promise<void> {
    const rowKey = sha256(path).slice(0, 32);
    await this.table.insert({ partitionKey: partitionOf(pipeline, delivery), rowKey, path, seenAt, ...delivery });
  }

  async arrived(pipeline: string, delivery: Delivery): Promise<Pick<Arrived, "paths" | "firstSeenAt">> {
    const rows = await rowsOf(this.table, { partition: partitionOf(pipeline, delivery) });
    const seen = rows.map((row) => String(row["seenAt"])).sort();
    return { paths: rows.map((row) => String(row["path"])), firstSeenAt: seen[0] ?? this.now().toISOString() };
  }
}

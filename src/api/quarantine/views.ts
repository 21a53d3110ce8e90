import type { z } from "zod";
import type { QuarantineItem, ShownItem } from "../../runs/quarantine/item";
import type { quarantineItemSchema, shownItemSchema } from "./schemas";

/** An item as the API shows it. */
export function itemView(item: QuarantineItem): z.infer<typeof quarantineItemSchema> {
  const { id, kind, pipeline, path, etag, source, runId, rows, reason, foundAt, decision } = item;
  return {
    id,
    kind,
    pipeline,
    path,
    etag,
    source,
    runId,
    rows,
    reason,
    foundAt,
    decision: decision && { ...decision },
  };
}

/** An item with its rows. */
export function shownView({ item, header, entries }: ShownItem): z.infer<typeof shownItemSchema> {
  return { item: itemView(item), header, entries: entries.map((entry) => ({ ...entry })) };
}

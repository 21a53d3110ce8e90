import type { z } from "zod";
import { remedyOfDrop } from "../../domain/messages/drop-reasons";
import { remedyOfRule } from "../../domain/messages/quarantine-rules";
import type { Decision } from "../../domain/quarantine";
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
    remedy: remedyOf(item),
    foundAt,
    decision: decision && decisionView(decision),
  };
}

/** Null once it is decided. */
function remedyOf({ kind, reason, decision }: QuarantineItem): string | null {
  if (decision !== null) return null;
  return kind === "drop" ? remedyOfDrop({ state: "quarantined", reason }) : remedyOfRule(reason);
}

function decisionView({
  deliveredAt,
  ...decision
}: Decision): NonNullable<z.infer<typeof quarantineItemSchema>["decision"]> {
  // Before there was a mark, the drop was put first.
  const delivered = decision.dropPath === null ? null : deliveredAt === undefined ? decision.at : deliveredAt;
  return { ...decision, deliveredAt: delivered };
}

/** An item with its rows. */
export function shownView({ item, header, entries }: ShownItem): z.infer<typeof shownItemSchema> {
  return { item: itemView(item), header, entries: entries.map((entry) => ({ ...entry })) };
}

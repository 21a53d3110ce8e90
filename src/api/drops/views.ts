import type { z } from "zod";
import type { DropRecord } from "../../domain/drop";
import { remedyOfDrop } from "../../domain/messages/drop-reasons";
import type { dropSchema } from "./schemas";

export type DropView = z.infer<typeof dropSchema>;

/** A drop as the API shows it. */
export function dropView(drop: DropRecord): DropView {
  const { path, etag, container, source, size, lastModified, state, reason, runId, seenAt } = drop;
  const remedy = remedyOfDrop(drop);
  return { path, etag, container, source, size, lastModified, state, reason, remedy, runId, seenAt };
}

import type { z } from "zod";
import type { DropRecord } from "../../domain/drop";
import type { dropSchema } from "./schemas";

export type DropView = z.infer<typeof dropSchema>;

/** A drop as the API shows it. */
export function dropView(drop: DropRecord): DropView {
  const { path, etag, container, source, size, lastModified, state, reason, runId, seenAt } = drop;
  return { path, etag, container, source, size, lastModified, state, reason, runId, seenAt };
}

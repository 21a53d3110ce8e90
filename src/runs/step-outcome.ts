import { z } from "zod";
import type { FileOutcome } from "../domain/story/drop-story";
import type { Ledger } from "../ledger/ledger";

const count = z.number().int().nonnegative().default(0);

/** The part of ingestion's outcome file that is read here; a notebook may write more. */
const outcomeSchema = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        status: z.string(),
        reason: z.string().nullable().default(null),
        rowsRead: count,
        rowsAccepted: count,
        rowsQuarantined: count,
        rowsDuplicate: count,
      }),
    )
    .default([]),
});

/** What ingestion said of each file; nothing when its outcome file is gone or has another form. `path` is relative to the volume root. */
export async function readIngestionOutcome(
  { blobs }: Pick<Ledger, "blobs">,
  outcomePath: string,
): Promise<readonly (FileOutcome & { readonly path: string })[]> {
  const [container = "", ...rest] = outcomePath.split("/");
  const text = await blobs.readText(container, rest.join("/"));
  return text === null ? [] : (parsed(text)?.files ?? []);
}

function parsed(text: string): z.infer<typeof outcomeSchema> | null {
  try {
    return outcomeSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

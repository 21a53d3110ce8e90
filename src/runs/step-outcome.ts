import { z } from "zod";
import type { Ledger } from "../ledger/ledger";

const count = z.number().int().nonnegative().default(0);

/** The parts of outcome files that are read here; a notebook may write more. */
const outcomeSchema = z.object({
  /** Of ingestion: what became of each file. */
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
  /** Of ingestion: entities and days that lack readings. */
  incomplete: z
    .array(
      z.object({
        source: z.string(),
        day: z.string(),
        entity: z.union([z.string(), z.number()]).transform(String),
        readings: count,
        expected: count,
      }),
    )
    .default([]),
  /** Of features: who came, left or came back. */
  fleet: z.array(z.string()).default([]),
});

export type StepOutcomeLists = z.infer<typeof outcomeSchema>;

const NOTHING: StepOutcomeLists = { files: [], incomplete: [], fleet: [] };

/** The lists of a step; empty when its outcome file is gone or has another form. `path` is relative to the volume root. */
export async function readOutcome({ blobs }: Pick<Ledger, "blobs">, outcomePath: string): Promise<StepOutcomeLists> {
  const [container = "", ...rest] = outcomePath.split("/");
  const text = await blobs.readText(container, rest.join("/"));
  try {
    return text === null ? NOTHING : (outcomeSchema.safeParse(JSON.parse(text)).data ?? NOTHING);
  } catch (error) {
    if (error instanceof SyntaxError) return NOTHING;
    throw error;
  }
}

import { z } from "zod";
import { pageOf, pageQuery, remedy, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { VISIBLE } from "../registry/operator";

/** Rows that one release takes. */
const MAX_ROWS = 2000;

const decisionSchema = component(
  "QuarantineDecision",
  z.strictObject({
    kind: z.enum(["released", "discarded"]),
    by: z.string().nullable().meta({ description: "who decided; null for a caller without a name" }),
    at: timestamp,
    why: z.string(),
    dropPath: z.string().nullable().meta({ description: "the drop that the release made" }),
    rows: z.int().nonnegative().meta({ description: "rows that went into it" }),
    deliveredAt: timestamp
      .nullable()
      .meta({ description: "when the drop was put; null while it is on its way, and where there is none" }),
  }),
);

export const quarantineItemSchema = component(
  "QuarantineItem",
  z.strictObject({
    id: z.string(),
    kind: z.enum(["drop", "file", "rows"]).meta({
      description: "a drop that no run could take, a file that ingestion could not read, or rows that broke a rule",
    }),
    pipeline: z.string(),
    path: z.string(),
    etag: z.string(),
    source: z.string(),
    runId: z.string().nullable(),
    rows: z.int().nonnegative().meta({ description: "rows that were set aside; 0 for a drop or a whole file" }),
    reason: z.string().meta({ description: "the rule that it broke first, or why it cannot be read" }),
    remedy: remedy.nullable(),
    foundAt: timestamp,
    decision: decisionSchema.nullable(),
  }),
);
export const quarantinePageSchema = component("QuarantinePage", pageOf(quarantineItemSchema));

export const shownItemSchema = component(
  "ShownQuarantineItem",
  z.strictObject({
    item: quarantineItemSchema,
    header: z.string().nullable().meta({ description: "first line of the file" }),
    entries: z.array(
      z.strictObject({
        line: z.int().nonnegative().meta({ description: "from 1; 0 = the whole file" }),
        rule: z.string(),
        rules: z.array(z.string()),
        severity: z.string(),
        raw: z.string().meta({ description: "the line as delivered; for a whole file what is wrong with it" }),
        cut: z.boolean().meta({ description: "true when the line is longer than what is shown" }),
      }),
    ),
  }),
);

export const listQuarantineQuery = z.strictObject({
  state: z.enum(["open", "decided"]).default("open").meta({ description: "whether a person has decided of it" }),
  ...pageQuery,
});

export const quarantinePath = z.strictObject({ id: z.string().meta({ description: "id of an item in quarantine" }) });

const why = z
  .string()
  .trim()
  .regex(VISIBLE, "expected some words")
  .max(1000)
  .meta({ description: "the reason, for the record" });

export const releaseBody = component(
  "ReleaseQuarantine",
  z
    .strictObject({
      rows: z
        .array(
          z.strictObject({
            line: z.int().positive().meta({ description: "line of the row in the file" }),
            text: z
              .string()
              .max(10_000)
              .regex(/^[^\r\n]*$/, "a row has no line ends")
              .meta({ description: "the row as it should have been" }),
          }),
        )
        .max(MAX_ROWS)
        .optional()
        .meta({ description: "the mended rows; they come in a new drop below the file's own first line" }),
      text: z.string().optional().meta({ description: "instead of rows: the whole text of the new drop" }),
      why,
    })
    .meta({ description: "what is delivered anew; of a drop or a whole file nothing has to be given" }),
);

export const discardBody = component(
  "DiscardQuarantine",
  z.strictObject({ why }).meta({ description: "why it stays out" }),
);

import { z } from "zod";
import { DROP_STATES } from "../../domain/drop";
import { pageOf, pageQuery, remedy, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { optionalReason, reason } from "../registry/operator";

const dropState = z.enum(DROP_STATES);

export const dropSchema = component(
  "Drop",
  z.strictObject({
    path: z.string(),
    etag: z.string(),
    container: z.string(),
    source: z.string(),
    size: z.number(),
    lastModified: timestamp,
    state: dropState,
    reason: z.string().nullable(),
    remedy: remedy.nullable(),
    runId: z.string().nullable(),
    seenAt: timestamp,
  }),
);
export const dropPageSchema = component("DropPage", pageOf(dropSchema));

export const listDropsQuery = z.strictObject({
  state: dropState.optional(),
  path: z.string().optional().meta({ description: "exactly this path" }),
  contains: z.string().min(1).max(200).optional().meta({
    description: "part of the path, whatever its case; a page may then be empty and go on by its nextLink",
  }),
  seenFrom: z.iso.datetime().optional().meta({ description: "drops seen at or after" }),
  runId: z.string().optional().meta({ description: "drops of this run's batch" }),
  ...pageQuery,
});

export const dropCountsSchema = component(
  "DropCounts",
  z.strictObject({
    value: z.array(
      z.strictObject({
        state: dropState,
        count: z.int().nonnegative(),
        more: z.boolean().meta({ description: "true when only so many were counted" }),
      }),
    ),
  }),
);

/** A URL of such a path leads to just this name: dot segments would be resolved, even out of the container. */
// eslint-disable-next-line no-control-regex -- control characters are what it refuses
const PLAIN_PATH = /^(?!\.{0,2}(?:\/|$))(?!.*\/\.{0,2}(?:\/|$))[^\\\u0000-\u001f\u007f-\u009f]+$/;

export const uploadDropBody = component(
  "UploadDrop",
  z
    .strictObject({
      path: z
        .string()
        .min(1)
        .max(1024)
        .regex(PLAIN_PATH, "has an empty, `.` or `..` segment, a backslash or a control character")
        .meta({ description: "where in the pipeline's container it goes; its path pattern must take it" }),
    })
    .meta({ description: "a file that somebody wants to drop" }),
);

export const uploadSchema = component(
  "Upload",
  z.strictObject({
    url: z.url().meta({ description: "PUT the bytes there; whoever has it may write this one blob" }),
    headers: z.record(z.string(), z.string()).meta({ description: "to send with them" }),
    path: z.string(),
    source: z.string().meta({ description: "what the pipeline takes it for" }),
    expiresAt: timestamp,
  }),
);

export const routeDropsBody = component(
  "RouteDrops",
  z
    .strictObject({
      to: z.string().meta({ description: "the pipeline that gets them, if its path pattern takes them" }),
      reason: optionalReason,
    })
    .meta({ description: "where the pending drops of a pipeline without definition go" }),
);

export const requeueDropBody = component(
  "RequeueDrop",
  z
    .strictObject({
      path: z.string().min(1).max(1100).meta({ description: "path of the blob in its drops container" }),
      reason: reason.optional().meta({
        description: "why; kept with your name and the time. A drop that was discarded is requeued with one only",
      }),
    })
    .meta({ description: "which drop, and why" }),
);

export const routedDropsSchema = component(
  "RoutedDrops",
  z.strictObject({
    routed: z.int().nonnegative(),
    refused: z.int().nonnegative().meta({ description: "drops that the other pipeline's pattern does not take" }),
  }),
);

import type { PipelineDefinition } from "./pipeline-definition";

/** When a delivery of a source is whole: so many files, these last names, or a marker file. */
export type DeliveryRule = NonNullable<NonNullable<PipelineDefinition["drops"]>["deliveries"]>[string];

/** Files that belong together: those of one source with the same `delivery` in the path pattern. */
export interface Delivery {
  readonly source: string;
  readonly key: string;
}

/** What of a delivery has arrived. */
export interface Arrived {
  readonly paths: readonly string[];
  /** When its first file was seen, ISO 8601. */
  readonly firstSeenAt: string;
  /** Whether its marker file is there; false without a marker. */
  readonly marked: boolean;
}

/** The delivery that a path belongs to; null when its source has no rule, or the pattern finds no delivery in the path. */
export function deliveryOf({ drops }: PipelineDefinition, path: string, source: string): Delivery | null {
  if (drops?.deliveries?.[source] === undefined) return null;
  const key = new RegExp(drops.pathPattern).exec(path)?.groups?.["delivery"];
  return key === undefined ? null : { source, key };
}

/** Path of the marker file of a delivery. */
export const markerPath = (marker: string, { source, key }: Delivery): string =>
  marker.replaceAll("{delivery}", key).replaceAll("{source}", source);

/** Of many missing files the first are named. */
const MAX_NAMED = 5;

const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** What is still missing of a delivery, in words; null when it is whole. */
export function missingOf(rule: DeliveryRule, { paths, marked }: Arrived): string | null {
  if (rule.count !== undefined && paths.length < rule.count) return `${paths.length} of ${rule.count} files`;
  if (rule.names !== undefined) {
    const there = new Set(paths.map(lastName));
    const missing = rule.names.filter((name) => !there.has(name));
    const rest = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : "";
    if (missing.length > 0) return `without ${missing.slice(0, MAX_NAMED).join(", ")}${rest}`;
  }
  return rule.marker !== undefined && !marked ? "without its marker file" : null;
}

/** What becomes of the files of a delivery now. */
export type DeliveryDecision =
  | { readonly kind: "whole" }
  /** Its files are held back; the run does without them. */
  | { readonly kind: "waited"; readonly until: string; readonly missing: string }
  /** It is taken as it is, and the run says so. */
  | { readonly kind: "givenUp"; readonly missing: string };

/** A delivery that is still on its way is waited for, up to the limit of its rule. */
export function decideDelivery(rule: DeliveryRule, arrived: Arrived, now: Date): DeliveryDecision {
  const missing = missingOf(rule, arrived);
  if (missing === null) return { kind: "whole" };
  const until = new Date(Date.parse(arrived.firstSeenAt) + rule.waitSeconds * 1000);
  return now < until ? { kind: "waited", until: until.toISOString(), missing } : { kind: "givenUp", missing };
}

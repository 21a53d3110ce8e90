/** What a scoring run says of its latest point in `summary.json`. Names of the entity and of the part are the scenario's own. */
export interface Summary {
  readonly lastAsOf: string;
  readonly asOfPoints: number;
  readonly model: { readonly version: string };
  readonly alerts: Readonly<Record<string, number>>;
  readonly mostLikelyToFail: Readonly<Record<string, readonly Entry[]>>;
}

export interface Entry {
  readonly asOf: string;
  readonly horizonHours: number;
  readonly probability: number;
  readonly alert: boolean;
  readonly reasons: readonly string[];
}

const KNOWN = ["asOf", "horizonHours", "probability", "alert", "reasons"];

/** Who an entry is about, and which part of it: the two fields that are not the same in every scenario. */
export function subjectOf(entry: Entry): { readonly entity: string; readonly part: string } {
  const own = Object.entries(entry).filter(([name]) => !KNOWN.includes(name));
  const id = own.find(([name]) => /id$/i.test(name)) ?? own[0];
  const part = own.find((one) => one !== id);
  return { entity: String(id?.[1] ?? ""), part: String(part?.[1] ?? "") };
}

/** A measured value beside its bar: the most that it may be. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  /** Behind the value and the bar: `s`, `ms`, `calls`, `drops/s`; empty for a ratio. */
  readonly unit: string;
  /** Null where nobody set a bar. */
  readonly most: number | null;
  readonly detail: string;
  /** True when the storage emulator alone takes so long that a figure over the bar says nothing of the app. */
  readonly isEmulatorSlow?: boolean;
}

export type Verdict = "met" | "MISSED" | "EMULATOR" | "";

/** What the figure says; without a bar nothing. */
export function verdictOf({ value, most, isEmulatorSlow = false }: Measure): Verdict {
  if (most === null) return "";
  if (value <= most) return "met";
  return isEmulatorSlow ? "EMULATOR" : "MISSED";
}

/** The value at this share of the others, such as 0.5 for the median: the nearest rank. @throws Error without values */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error("no values to take a quantile of");
  return found;
}

const shown = (value: number, unit: string): string =>
  `${Number.isInteger(value) ? value : value.toFixed(2)}${unit === "" ? "" : ` ${unit}`}`;

/** The measures beside their bars, one a line. */
export function table(measures: readonly Measure[]): string {
  const head = `${"".padEnd(44)}${"measured".padStart(16)}${"bar".padStart(12)}`;
  const lines = measures.map((measure) => {
    const { name, value, unit, most, detail } = measure;
    const bar = most === null ? "-" : shown(most, unit);
    const verdict = verdictOf(measure).padEnd(10);
    return `${name.padEnd(44)}${shown(value, unit).padStart(16)}${bar.padStart(12)}   ${verdict}${detail}`.trimEnd();
  });
  return [head, ...lines].join("\n");
}

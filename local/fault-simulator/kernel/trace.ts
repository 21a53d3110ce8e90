/** One thing that happened: who did what to what, and what came of it. */
export interface Happening {
  /** Virtual milliseconds since the epoch. */
  readonly at: number;
  /** `host 2`, `Databricks`, `storage`, `people`, `simulator`. */
  readonly who: string;
  readonly what: string;
  readonly detail: string;
  /** What a reader wants to see first: faults, kills, violations, and what people do. */
  readonly weight: "plain" | "fault" | "event" | "violation";
}

/** What happened in a schedule. Costs nothing while it is off. */
export class Trace {
  readonly happenings: Happening[] = [];

  constructor(
    readonly on: boolean,
    private readonly now: () => number,
  ) {}

  add(who: string, what: string, detail = "", weight: Happening["weight"] = "plain"): void {
    if (this.on) this.happenings.push({ at: this.now(), who, what, detail, weight });
  }

  /** The whole trace as lines: equal for equal seeds, byte by byte. */
  text(): string {
    return this.happenings
      .map(
        ({ at, who, what, detail }) => `${new Date(at).toISOString()} ${who}: ${what}${detail ? ` (${detail})` : ""}`,
      )
      .join("\n");
  }
}

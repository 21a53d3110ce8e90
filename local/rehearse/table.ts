/** One thing that was tried, and how it went. */
export interface Row {
  readonly what: string;
  readonly state: "ok" | "failed" | "not reached";
  readonly detail: string;
}

/** A thing to try: resolves with what was seen, throws what is wrong. */
export interface Trial {
  readonly what: string;
  readonly run: () => Promise<string>;
}

/** Tries all in order. What comes after a failure is tried too: each stands for itself, unless the first, which brings up the rest, fails. */
export async function tryAll(trials: readonly Trial[], seen: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const trial of trials) {
    const row = rows[0]?.state === "failed" ? notReached(trial.what) : await tryOne(trial);
    seen(row);
    rows.push(row);
  }
  return rows;
}

const notReached = (what: string): Row => ({ what, state: "not reached", detail: "" });

async function tryOne({ what, run }: Trial): Promise<Row> {
  try {
    return { what, state: "ok", detail: await run() };
  } catch (error) {
    return { what, state: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** The table that a rehearsal ends with. */
export function writeTable(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.map(({ what, state, detail }) =>
    `${what.padEnd(width)}  ${state.padEnd(11)}  ${detail}`.trimEnd(),
  );
  const failed = rows.filter(({ state }) => state !== "ok").length;
  return [...lines, failed === 0 ? `all ${rows.length} in order` : `${failed} of ${rows.length} not in order`].join(
    "\n",
  );
}

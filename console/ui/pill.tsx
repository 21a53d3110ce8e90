type Tone = "good" | "bad" | "warn" | "run" | "idle";

/** A state: colour, sign and word say the same. */
export function Pill({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span class={`pill ${tone}`}>
      <i aria-hidden="true">{SIGNS[tone]}</i>
      {children}
    </span>
  );
}

const SIGNS: Readonly<Record<Tone, string>> = { good: "✓", bad: "▲", warn: "◆", run: "●", idle: "○" };

const TONES: Readonly<Record<string, Tone>> = {
  succeeded: "good",
  batched: "good",
  ok: "good",
  healthy: "good",
  failed: "bad",
  unhealthy: "bad",
  vanished: "bad",
  quarantined: "warn",
  skipped: "idle",
  running: "run",
  requested: "run",
  queued: "run",
  claimed: "run",
  not_ready: "warn",
  cancelled: "idle",
  nothing_to_do: "idle",
  superseded: "idle",
  pending: "idle",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "idle";

/** The pill of a state of a run, step, drop or check. */
export function StatePill({ state }: { state: string }) {
  return <Pill tone={toneOf(state)}>{state.replaceAll("_", " ")}</Pill>;
}

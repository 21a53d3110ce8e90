import type { ComponentChildren } from "preact";

/** One figure with what it means. Stands inside a `dl`. */
export function Kpi({ label, value, note }: { label: string; value: ComponentChildren; note?: ComponentChildren }) {
  return (
    <div class="card kpi">
      <dt>{label}</dt>
      <dd class="value">{value}</dd>
      {note !== undefined && <dd class="note">{note}</dd>}
    </div>
  );
}

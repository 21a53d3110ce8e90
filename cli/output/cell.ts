import { styleText } from "node:util";
import type { Output } from "../context";

/** A value as one cell. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "string") return value.replace(/\.\d{3}Z$/, "Z");
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.map(cell).join(", ") || "-";
  return Object.entries(value)
    .map(([name, inner]) => `${name}=${cell(inner)}`)
    .join(" ");
}

/** The value at a path such as `error.message`. */
export function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((inner, part) => (inner as Record<string, unknown> | null | undefined)?.[part], value);
}

type Colour = "green" | "red" | "yellow" | "dim" | "bold";

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  ...{ succeeded: "green", ok: "green", healthy: "green", batched: "green" },
  ...{ failed: "red", unhealthy: "red", quarantined: "red" },
  ...{ cancelled: "yellow", not_ready: "yellow", skipped: "yellow", vanished: "yellow", superseded: "yellow" },
};

/** Text in a colour on a terminal, and as it is anywhere else. */
export function coloured(out: Output, colour: Colour, text: string): string {
  return out.isTTY ? styleText(colour, text, { validateStream: false }) : text;
}

/** A state in the colour that it deserves. */
export function stateCell(out: Output, state: string): string {
  const colour = STATE_COLOURS[state];
  return colour ? coloured(out, colour, state) : state;
}

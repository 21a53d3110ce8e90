import { z } from "zod";

const instant = z.iso.datetime();

/** Half-open span of as-of times `[start, end)`, ISO 8601 with `Z`. */
export const windowSchema = z
  .strictObject({ start: instant, end: instant })
  .refine(({ start, end }) => Date.parse(start) < Date.parse(end), { message: "start must be before end" })
  .meta({ description: "half-open; start must be before end" });

/** What a run scores when it was asked for a span. */
export interface Window {
  readonly start: string;
  readonly end: string;
}

/** The window with both ends in one spelling, so that equal spans are equal text. */
export function normaliseWindow(window: Window): Window {
  return { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() };
}

/** Stable key of a window; `data` = by the data. */
export function windowKey(window: Window | null): string {
  if (window === null) return "data";
  const { start, end } = normaliseWindow(window);
  return `${start}_${end}`;
}

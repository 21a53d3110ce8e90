import { zone } from "../app/settings";
import { now } from "../api/resource";
import { ago } from "./words";

type Form = "minute" | "second" | "day" | "clock";

const parts = { day: "numeric", month: "short" } as const;
const FORMS: Readonly<Record<Form, Intl.DateTimeFormatOptions>> = {
  minute: { ...parts, hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { ...parts, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: parts,
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
};
const formats = new Map<string, Intl.DateTimeFormat>();

/** A time in UTC, or in this browser's zone when a person asked for that; another year is named. */
export function timeText(at: string | number, form: Form = "minute"): string {
  const date = new Date(at);
  const isOther = form !== "clock" && date.getUTCFullYear() !== new Date().getUTCFullYear();
  const key = `${zone.value}|${form}|${isOther}`;
  let format = formats.get(key);
  if (!format) {
    const year = isOther ? ({ year: "numeric" } as const) : {};
    format = new Intl.DateTimeFormat("en-GB", {
      ...FORMS[form],
      ...year,
      ...(zone.value === "UTC" ? { timeZone: "UTC" } : {}),
    });
    formats.set(key, format);
  }
  return format.format(date);
}

/** A time; its title tells it in both zones. */
export function Time({ at, form = "minute", relative = false }: { at: string; form?: Form; relative?: boolean }) {
  const title = `${at} · here ${new Date(at).toLocaleString()}`;
  return (
    <time dateTime={at} title={title}>
      {relative ? ago(at, now.value) : timeText(at, form)}
    </time>
  );
}

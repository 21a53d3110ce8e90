const PATTERN = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** Milliseconds of a .NET TimeSpan text: `[-][d.]hh:mm[:ss[.fffffff]]`, or a whole number of days. Undefined when it is none. */
export function parseTimeSpan(text: string): number | undefined {
  if (/^-?\d+$/.test(text.trim())) return Number(text) * 86_400_000;
  const found = PATTERN.exec(text.trim());
  if (!found) return undefined;
  const [days, hours, minutes, seconds] = found.slice(2, 6).map((part) => Number(part ?? 0));
  if ((hours ?? 0) > 23 || (minutes ?? 0) > 59 || (seconds ?? 0) > 59) return undefined;
  const whole = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  return (found[1] ? -1 : 1) * Math.round((whole + Number(`0.${found[6] ?? "0"}`)) * 1000);
}

/** The text of a time span as .NET prints it, such as `00:05:00`. */
export function formatTimeSpan(ms: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const days = Math.floor(ms / 86_400_000);
  const rest = `${two((ms / 3_600_000) % 24)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}`;
  const fraction = ms % 1000 === 0 ? "" : `.${String(Math.round(ms % 1000)).padStart(3, "0")}0000`;
  return `${days > 0 ? `${days}.` : ""}${rest}${fraction}`;
}

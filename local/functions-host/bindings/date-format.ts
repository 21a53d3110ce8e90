const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const TOKEN = /'[^']*'|"[^"]*"|\\.|y+|M+|d+|H+|h+|m+|s+|f+|t+|K|z+|./gs;
const STANDARD: Readonly<Record<string, string>> = {
  d: "MM/dd/yyyy",
  D: "dddd, dd MMMM yyyy",
  o: "yyyy-MM-ddTHH:mm:ss.fffffffK",
  O: "yyyy-MM-ddTHH:mm:ss.fffffffK",
  s: "yyyy-MM-ddTHH:mm:ss",
  u: "yyyy-MM-dd HH:mm:ssZ",
  t: "HH:mm",
  T: "HH:mm:ss",
};

/** A UTC time by a .NET format string, standard (`o`) or custom (`yyyy/MM/dd`), in the invariant culture. */
export function formatDate(date: Date, format: string): string {
  const custom = STANDARD[format] ?? format;
  return custom.replace(TOKEN, (token) => part(date, token));
}

function part(date: Date, token: string): string {
  const number = (value: number): string => String(value).padStart(Math.min(token.length, 2), "0");
  const hour = date.getUTCHours();
  switch (token.charAt(0)) {
    case "y":
      return token.length <= 2
        ? number(date.getUTCFullYear() % 100)
        : String(date.getUTCFullYear()).padStart(token.length, "0");
    case "M":
      return token.length > 2 ? named(MONTHS, date.getUTCMonth(), token) : number(date.getUTCMonth() + 1);
    case "d":
      return token.length > 2 ? named(DAYS, date.getUTCDay(), token) : number(date.getUTCDate());
    case "H":
      return number(hour);
    case "h":
      return number(hour % 12 || 12);
    case "m":
      return number(date.getUTCMinutes());
    case "s":
      return number(date.getUTCSeconds());
    case "f":
      return `${String(date.getUTCMilliseconds()).padStart(3, "0")}0000`.slice(0, token.length);
    case "t":
      return (hour < 12 ? "AM" : "PM").slice(0, token.length);
    case "K":
      return "Z";
    case "z":
      return token.length > 2 ? "+00:00" : token.length === 2 ? "+00" : "+0";
    case "'":
    case '"':
      return token.slice(1, -1);
    case "\\":
      return token.slice(1);
    default:
      return token;
  }
}

function named(names: readonly string[], index: number, token: string): string {
  const name = names[index] ?? "";
  return token.length === 3 ? name.slice(0, 3) : name;
}

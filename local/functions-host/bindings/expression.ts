import type { BindingData } from "../worker/binding-data";
import { formatDate } from "./date-format";

const TOKEN = /\{\{|\}\}|\{([^{}]+)\}/g;

/** Whether the text has a binding expression, so that its value is known only when the function runs. */
export function hasExpression(text: string): boolean {
  return [...text.matchAll(TOKEN)].some((found) => found[1] !== undefined);
}

/**
 * Replaces the binding expressions of a path or name: `{name}`, `{a.b}`, `{rand-guid}`, `{DateTime:yyyy-MM-dd}`, `{sys.utcNow}`. `escape` is applied to
 * each value.
 * @throws Error naming `user` and the expression when nothing has that name
 */
export function resolveExpressions(
  text: string,
  data: BindingData,
  user: string,
  escape: (value: string) => string = (value) => value,
): string {
  return text.replace(TOKEN, (token, expression: string | undefined) => {
    if (expression === undefined) return token.charAt(0);
    const value = valueOf(expression, data);
    if (value === undefined)
      throw new Error(`${user}: no value for the binding expression "{${expression}}" of "${text}"`);
    return escape(value);
  });
}

function valueOf(expression: string, data: BindingData): string | undefined {
  const colon = expression.indexOf(":");
  const name = (colon < 0 ? expression : expression.slice(0, colon)).trim();
  const format = colon < 0 ? undefined : expression.slice(colon + 1);
  const found = lookUp(name, data);
  if (found instanceof Date) return formatDate(found, format ?? "yyyy-MM-ddTHH-mm-ssK");
  if (found === null) return "";
  if (found !== undefined) return typeof found === "string" ? found : JSON.stringify(found);
  if (name.toLowerCase() === "rand-guid") return formatGuid(crypto.randomUUID(), format ?? "D");
  if (name.toLowerCase() === "datetime") return formatDate(new Date(), format ?? "yyyy-MM-ddTHH-mm-ssK");
  return undefined;
}

/** The whole name first: names of headers and JSON fields may hold dots. Case does not matter. */
function lookUp(name: string, data: unknown): unknown {
  if (typeof data !== "object" || data === null || data instanceof Date) return undefined;
  const fields = Object.entries(data);
  const field = (wanted: string): unknown =>
    (fields.find(([key]) => key === wanted) ?? fields.find(([key]) => key.toLowerCase() === wanted.toLowerCase()))?.[1];
  const whole = field(name);
  if (whole !== undefined) return whole;
  const dot = name.indexOf(".");
  return dot < 0 ? undefined : lookUp(name.slice(dot + 1), field(name.slice(0, dot)));
}

function formatGuid(guid: string, format: string): string {
  switch (format.toUpperCase()) {
    case "N":
      return guid.replaceAll("-", "");
    case "B":
      return `{${guid}}`;
    case "P":
      return `(${guid})`;
    default:
      return guid;
  }
}

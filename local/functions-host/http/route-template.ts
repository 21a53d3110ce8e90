import { parseConstraint } from "./route-constraints";
import type { Constraint } from "./route-constraints";

/** A parsed ASP.NET route template: literals, `{name}`, `{name?}`, `{name:int}`, `{name=default}` and `{*rest}`. */
export interface RouteTemplate {
  readonly text: string;
  /** More literal segments first: the order in which routes are tried. */
  readonly rank: readonly number[];
  /** Values of the route parameters, or undefined when the path does not match. Missing optional ones are left out. */
  match(path: string): Record<string, string> | undefined;
}

interface Parameter {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly defaultValue: string | undefined;
  readonly constraints: readonly Constraint[];
}
type Part = string | Parameter;

/** Parses a template. Throws an Error naming what is wrong with it. */
export function parseRoute(template: string): RouteTemplate {
  const text = template.replace(/^\/+|\/+$/g, "");
  try {
    return compile(text, split(text));
  } catch (error) {
    throw new Error(`route "${template}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function compile(text: string, segments: readonly Part[][]): RouteTemplate {
  const parameters = segments.flat().filter((part) => typeof part !== "string");
  const regex = new RegExp(`^${segments.map(segmentPattern).join("")}/?$`, "i");
  return {
    text,
    rank: segments.map(rankOf),
    match(path) {
      const found = regex.exec(path);
      if (!found) return undefined;
      const values: Record<string, string> = {};
      for (const [index, { name, defaultValue, constraints }] of parameters.entries()) {
        const given = found[index + 1];
        if (given !== undefined && !constraints.every((holds) => holds(decoded(given)))) return undefined;
        const value = given ?? defaultValue;
        if (value !== undefined) values[name] = value;
      }
      return values;
    },
  };
}

function segmentPattern(parts: readonly Part[]): string {
  const open = parts.some((part) => typeof part !== "string" && (part.optional || part.catchAll));
  const body = parts
    .map((part) => (typeof part === "string" ? escape(part) : part.catchAll ? "(.*)" : "([^/]+)"))
    .join("");
  return open ? `(?:/${body})?` : `/${body}`;
}

function rankOf(parts: readonly Part[]): number {
  const [first] = parts;
  if (parts.every((part) => typeof part === "string")) return 0;
  if (parts.some((part) => typeof part !== "string" && part.catchAll)) return 3;
  return parts.length === 1 && typeof first === "object" && first.constraints.length === 0 ? 2 : 1;
}

/** Segments of literal texts and parameters. A slash inside braces belongs to a constraint; `{{` and `}}` stand for braces. */
function split(text: string): Part[][] {
  if (text === "") return [];
  const segments: Part[][] = [[]];
  let literal = "";
  const endLiteral = (): void => {
    if (literal !== "") segments.at(-1)?.push(literal);
    literal = "";
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const doubled = text.charAt(at + 1) === char;
    if (char === "/") {
      endLiteral();
      segments.push([]);
    } else if ((char === "{" || char === "}") && doubled) {
      literal += char;
      at++;
    } else if (char === "{") {
      endLiteral();
      const end = endOfParameter(text, at + 1);
      segments.at(-1)?.push(parseParameter(text.slice(at + 1, end)));
      at = end;
    } else if (char === "}") throw new Error('unbalanced "}"');
    else literal += char;
  }
  endLiteral();
  return segments;
}

function endOfParameter(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char !== "{" && char !== "}") continue;
    if (text.charAt(at + 1) === char) at++;
    else if (char === "}") return at;
    else break;
  }
  throw new Error('unbalanced "{"');
}

function parseParameter(text: string): Parameter {
  const [, stars = "", name = "", more = ""] = /^(\*{0,2})([^:=?*{}]+)(.*)$/s.exec(text) ?? [];
  if (name === "") throw new Error(`"{${text}}" names no parameter`);
  const { constraints, rest } = splitConstraints(more);
  const optional = rest.endsWith("?") && !rest.startsWith("=");
  return {
    name,
    catchAll: stars !== "",
    optional: optional || rest.startsWith("="),
    defaultValue: rest.startsWith("=") ? rest.slice(1) : undefined,
    constraints: constraints.map((item) => parseConstraint(item.replaceAll("{{", "{").replaceAll("}}", "}"))),
  };
}

/** Constraints begin with a colon; brackets may hold any sign, such as the colon of a regular expression. */
function splitConstraints(text: string): { constraints: string[]; rest: string } {
  const constraints: string[] = [];
  let at = 0;
  while (text.charAt(at) === ":") {
    const start = ++at;
    for (let depth = 0; at < text.length; at++) {
      const char = text.charAt(at);
      if (char === "\\") at++;
      else if (char === "(") depth++;
      else if (char === ")") depth--;
      else if (depth === 0 && /[:=?]/.test(char)) break;
    }
    constraints.push(text.slice(start, at));
  }
  return { constraints, rest: text.slice(at) };
}

/** Sorts routes so that the more specific one is tried first. */
export function compareRoutes(a: RouteTemplate, b: RouteTemplate): number {
  for (let index = 0; index < Math.max(a.rank.length, b.rank.length); index++) {
    const difference = (a.rank[index] ?? -1) - (b.rank[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A path parameter without its percent signs; as it is when it cannot be decoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

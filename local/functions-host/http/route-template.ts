/** A parsed ASP.NET route template: literals, `{name}`, `{name?}`, `{name:int}`, `{name=default}` and `{*rest}`. */
export interface RouteTemplate {
  readonly text: string;
  /** More literal segments first: the order in which routes are tried. */
  readonly rank: readonly number[];
  /** Values of the route parameters, or undefined when the path does not match. Missing optional ones are left out. */
  match(path: string): Record<string, string> | undefined;
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  int: "-?\\d+",
  long: "-?\\d+",
  bool: "(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])",
  decimal: "-?\\d+(?:\\.\\d+)?",
  double: "-?\\d+(?:\\.\\d+)?",
  float: "-?\\d+(?:\\.\\d+)?",
  alpha: "[A-Za-z]+",
  guid: "\\{?[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}\\}?",
  datetime: "[^/]+",
};

const PARAMETER = /\{(\*{0,2})([A-Za-z_][\w-]*)((?::[^{}?=]+(?:\([^)]*\))?)*)(=[^{}]*)?(\?)?\}/g;

/** Parses a template. Throws an Error naming an unknown constraint. */
export function parseRoute(template: string): RouteTemplate {
  const text = template.replace(/^\/+|\/+$/g, "");
  const defaults: Record<string, string> = {};
  const names: string[] = [];
  const rank: number[] = [];
  let pattern = "^";
  for (const segment of text === "" ? [] : text.split("/")) {
    let last = 0;
    let body = "";
    let optional = false;
    let catchAll = false;
    for (const found of segment.matchAll(PARAMETER)) {
      const [whole, stars, name = "", constraints = "", defaultValue, question] = found;
      body += escape(segment.slice(last, found.index));
      last = found.index + whole.length;
      names.push(name);
      if (defaultValue !== undefined) defaults[name] = defaultValue.slice(1);
      optional ||= question !== undefined || defaultValue !== undefined;
      catchAll ||= stars !== "";
      body += `(${stars === "" ? constraint(constraints, template) : ".*"})`;
    }
    body += escape(segment.slice(last));
    rank.push(catchAll ? 3 : last === 0 ? 0 : segment.startsWith("{") && constraintless(segment) ? 2 : 1);
    pattern += optional || catchAll ? `(?:/${body})?` : `/${body}`;
  }
  const regex = new RegExp(`${pattern}/?$`, "i");
  return {
    text,
    rank,
    match(path) {
      const found = regex.exec(path);
      if (!found) return undefined;
      const values = names.map((name, index) => [name, found[index + 1] ?? defaults[name]] as const);
      return Object.fromEntries(values.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
    },
  };
}

/** Sorts routes so that the more specific one is tried first. */
export function compareRoutes(a: RouteTemplate, b: RouteTemplate): number {
  for (let index = 0; index < Math.max(a.rank.length, b.rank.length); index++) {
    const difference = (a.rank[index] ?? -1) - (b.rank[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function constraintless(segment: string): boolean {
  return !segment.includes(":");
}

function constraint(list: string, template: string): string {
  let pattern = "[^/]+";
  for (const item of list.split(":").filter((part) => part !== "")) {
    const [, name = "", argument] = /^(\w+)(?:\((.*)\))?$/.exec(item) ?? [];
    if (name === "regex" && argument !== undefined) pattern = argument.replace(/^\^|\$$/g, "");
    else if (name === "length" && argument !== undefined) pattern = `[^/]{${argument}}`;
    else if (name === "minlength" && argument !== undefined) pattern = `[^/]{${argument},}`;
    else if (name === "maxlength" && argument !== undefined) pattern = `[^/]{1,${argument}}`;
    else if (CONSTRAINTS[name] !== undefined) pattern = CONSTRAINTS[name];
    else throw new Error(`route "${template}": unknown constraint "${item}"`);
  }
  return pattern;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The path of a blob binding: a container and a pattern for the blob's name. */
export interface BlobPath {
  readonly container: string;
  /** Values of the path's parameters when the blob's name fits, else undefined. */
  match(blob: string): Record<string, string> | undefined;
}

/** Parses `container/{name}.csv`. A path without a blob part fits every blob; `{{` and `}}` stand for braces. Throws an Error. */
export function parseBlobPath(path: string): BlobPath {
  const slash = path.indexOf("/");
  const container = (slash < 0 ? path : path.slice(0, slash)).toLowerCase();
  if (container === "" || container.includes("{"))
    throw new Error(`blob path "${path}": the container must be a name, not a parameter`);
  const pattern = slash < 0 ? "" : path.slice(slash + 1);
  const names: string[] = [];
  let regex = "";
  for (const [token] of pattern.matchAll(/\{\{|\}\}|\{[^{}]+\}|[^{}]+|[{}]/g)) {
    if (token === "{{" || token === "}}") regex += `\\${token.charAt(0)}`;
    else if (token.length > 2 && token.startsWith("{")) {
      names.push(token.slice(1, -1));
      regex += "(.+)";
    } else if (token === "{" || token === "}") throw new Error(`blob path "${path}": unbalanced "${token}"`);
    else regex += token.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  }
  const compiled = new RegExp(pattern === "" ? "^.*$" : `^${regex}$`, "s");
  return {
    container,
    match(blob) {
      const found = compiled.exec(blob);
      return found ? Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ""])) : undefined;
    },
  };
}

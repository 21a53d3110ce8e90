/** A part of a Bicep file; strings keep their interpolated expressions as source text. */
export interface Token {
  readonly kind: "word" | "string" | "number" | "sign" | "newline" | "end";
  readonly text: string;
  /** Of a string: literal text, and in between the source of each `${…}`. */
  readonly parts?: readonly (string | { readonly source: string })[];
  readonly line: number;
}

/** What a Bicep file does wrong; the message names file and line. */
export class BicepError extends Error {
  override readonly name = "BicepError";
}

const SIGNS = ["??", "?.", "::", "=>", "==", "!=", "<=", ">=", "&&", "||", ..."{}[]():,.=?!+-*/%<>@|".split("")];
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "'": "'", "\\": "\\", $: "$" };

/** Index after the brace that closes the `${` before `from`; strings inside may hold braces of their own. */
function endOfHole(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "'") at = text.indexOf("'", at + 1);
    if (char === "{") depth++;
    if (char === "}" && --depth === 0) return at;
    if (at < 0) break;
  }
  return -1;
}

function readString(text: string, start: number, fault: (message: string) => never) {
  const parts: (string | { source: string })[] = [];
  let literal = "";
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\n") break;
    if (char === "'") return { parts: [...parts, literal], end: at + 1 };
    if (char === "\\") {
      const escaped = ESCAPES[text.charAt(++at)];
      literal += escaped ?? fault(`unknown escape \\${text.charAt(at)}`);
    } else if (char === "$" && text[at + 1] === "{") {
      const end = endOfHole(text, at + 2);
      if (end < 0) fault("${ is not closed");
      parts.push(literal, { source: text.slice(at + 2, end) });
      literal = "";
      at = end;
    } else literal += char;
  }
  return fault("string is not closed");
}

/** Parts a Bicep text into tokens. @throws BicepError */
export function tokenize(text: string, file: string, firstLine = 1): Token[] {
  const tokens: Token[] = [];
  let line = firstLine;
  const fault = (message: string): never => {
    throw new BicepError(`${file}:${line}: ${message}`);
  };
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const blank = /^(?:[ \t\r]+|\/\/[^\n]*)/.exec(rest)?.[0];
    const word = /^[A-Za-z_]\w*/.exec(rest)?.[0] ?? /^\d+/.exec(rest)?.[0];
    const sign = SIGNS.find((candidate) => rest.startsWith(candidate));
    if (blank) at += blank.length;
    else if (rest.startsWith("\n")) {
      tokens.push({ kind: "newline", text: "\n", line: line++ });
      at++;
    } else if (rest.startsWith("'")) {
      const { parts, end } = readString(text, at, fault);
      tokens.push({ kind: "string", text: text.slice(at, end), parts, line });
      at = end;
    } else if (word) {
      tokens.push({ kind: /^\d/.test(word) ? "number" : "word", text: word, line });
      at += word.length;
    } else if (sign) {
      tokens.push({ kind: "sign", text: sign, line });
      at += sign.length;
    } else fault(`unexpected ${JSON.stringify(rest[0])}`);
  }
  return [...tokens, { kind: "end", text: "end of file", line }];
}

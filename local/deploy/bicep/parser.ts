import { BicepError, tokenize, type Token } from "./lexer";

/** An expression of Bicep, as far as `infra/` uses the language. */
export type Expr =
  | { readonly kind: "string"; readonly parts: readonly (string | Expr)[] }
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "name"; readonly name: string; readonly line: number }
  | { readonly kind: "call"; readonly callee: Expr; readonly args: readonly Expr[] }
  | { readonly kind: "member"; readonly of: Expr; readonly name: string }
  | { readonly kind: "group"; readonly items: readonly Expr[] }
  | { readonly kind: "object"; readonly entries: readonly Entry[]; readonly nested: readonly Declaration[] }
  | { readonly kind: "scope"; readonly names: readonly string[]; readonly over: Expr; readonly body: Expr };

/** A property of an object; its name is an expression when it is an interpolated string. */
export interface Entry {
  readonly key: string | Expr;
  readonly value: Expr;
}

/** A statement of a file. */
export interface Declaration {
  readonly kind: "param" | "var" | "output" | "resource" | "module";
  readonly name: string;
  /** Of a resource its type with API version, of a module its path, else the data type. */
  readonly type: string;
  readonly existing: boolean;
  readonly condition?: Expr;
  readonly value?: Expr;
  readonly line: number;
}

const KINDS = ["param", "var", "output", "resource", "module"] as const;
const BINARY = new Set(["??", "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "<", ">"]);
const NOTHING: Expr = { kind: "literal", text: "" };

class Parser {
  private at = 0;
  constructor(
    private readonly tokens: readonly Token[],
    private readonly file: string,
  ) {}

  private get token(): Token {
    return this.tokens[this.at]!;
  }
  private fault(expected: string): never {
    throw new BicepError(
      `${this.file}:${this.token.line}: expected ${expected}, not ${JSON.stringify(this.token.text)}`,
    );
  }
  private next(): Token {
    return this.tokens[this.at++]!;
  }
  private is(...texts: string[]): boolean {
    return this.token.kind !== "string" && texts.includes(this.token.text);
  }
  private take(text: string): boolean {
    const found = this.is(text);
    if (found) this.at++;
    return found;
  }
  private need(text: string): void {
    if (!this.take(text)) this.fault(text);
  }
  private word(): string {
    return this.token.kind === "word" ? this.next().text : this.fault("a name");
  }
  private newlines(): void {
    while (this.token.kind === "newline") this.at++;
  }

  file_(): Declaration[] {
    const found: Declaration[] = [];
    for (this.newlines(); this.token.kind !== "end"; this.newlines()) {
      if (this.take("@")) this.expression();
      else if (this.take("targetScope")) {
        this.need("=");
        this.expression();
      } else found.push(this.declaration());
      if (!["newline", "end"].includes(this.token.kind)) this.fault("the end of the line");
    }
    return found;
  }

  private declaration(): Declaration {
    const { line } = this.token;
    const kind = KINDS.find((candidate) => this.is(candidate)) ?? this.fault(KINDS.join(", "));
    this.at++;
    const name = this.word();
    const type = kind === "var" ? "" : this.token.kind === "string" ? this.plainString() : this.word();
    const existing = this.take("existing");
    if (!this.take("=")) return { kind, name, type, existing, line };
    const condition = this.condition();
    return { kind, name, type, existing, value: this.expression(), line, ...(condition ? { condition } : {}) };
  }
  private condition(): Expr | undefined {
    if (!this.take("if")) return undefined;
    return this.expression();
  }
  private plainString(): string {
    return this.next().text.slice(1, -1);
  }

  expression(): Expr {
    const condition = this.binary();
    this.continued("?");
    if (!this.take("?")) return condition;
    const yes = this.expression();
    this.continued(":");
    this.need(":");
    return { kind: "group", items: [condition, yes, this.expression()] };
  }
  /** A ternary may go on in the next line. */
  private continued(sign: string): void {
    const from = this.at;
    this.newlines();
    if (!this.is(sign)) this.at = from;
  }
  private binary(): Expr {
    const items = [this.unary()];
    while (this.token.kind === "sign" && BINARY.has(this.token.text)) {
      this.at++;
      items.push(this.unary());
    }
    return items.length === 1 ? items[0]! : { kind: "group", items };
  }
  private unary(): Expr {
    if (this.take("!") || this.take("-")) return this.unary();
    let value = this.primary();
    for (;;) {
      if (this.take(".") || this.take("?.") || this.take("::"))
        value = { kind: "member", of: value, name: this.word() };
      else if (this.take("[")) {
        value = { kind: "group", items: [value, this.expression()] };
        this.need("]");
      } else if (this.is("(")) value = { kind: "call", callee: value, args: this.list("(", ")") };
      else if (!this.take("!")) return value;
    }
  }
  private list(open: string, close: string): Expr[] {
    this.need(open);
    const items: Expr[] = [];
    for (this.separators(); !this.take(close); this.separators()) items.push(this.expression());
    return items;
  }
  private separators(): void {
    while (this.token.kind === "newline" || this.is(",")) this.at++;
  }

  private primary(): Expr {
    const token = this.token;
    if (token.kind === "string") return this.string();
    if (this.is("{")) return this.object();
    if (this.is("[")) return this.array();
    if (this.is("(")) return { kind: "group", items: this.list("(", ")") };
    if (token.kind === "number" || this.is("true", "false", "null")) return { kind: "literal", text: this.next().text };
    const name = this.word();
    if (!this.take("=>")) return { kind: "name", name, line: token.line };
    return { kind: "scope", names: [name], over: NOTHING, body: this.expression() };
  }
  private string(): Expr {
    const { parts = [], line } = this.next();
    const inner = (source: string) => new Parser(tokenize(source, this.file, line), this.file).expression();
    return { kind: "string", parts: parts.map((part) => (typeof part === "string" ? part : inner(part.source))) };
  }
  private array(): Expr {
    const from = this.at;
    this.need("[");
    this.newlines();
    if (!this.take("for")) {
      this.at = from;
      return { kind: "group", items: this.list("[", "]") };
    }
    const names = this.is("(")
      ? this.list("(", ")").map((item) => (item.kind === "name" ? item.name : ""))
      : [this.word()];
    this.need("in");
    const over = this.expression();
    this.need(":");
    const condition = this.condition();
    const item = this.expression();
    this.newlines();
    this.need("]");
    return { kind: "scope", names, over, body: condition ? { kind: "group", items: [condition, item] } : item };
  }
  private object(): Expr {
    const entries: Entry[] = [];
    const nested: Declaration[] = [];
    this.need("{");
    for (this.separators(); !this.take("}"); this.separators()) {
      const afterWord = this.tokens[this.at + 1]?.kind;
      if (this.is("resource") && afterWord === "word") nested.push(this.declaration());
      else {
        const text = this.token.kind === "string" ? this.string() : this.word();
        this.need(":");
        const plain =
          typeof text !== "string" && text.kind === "string" && text.parts.length === 1 ? text.parts[0] : text;
        entries.push({ key: plain ?? "", value: this.expression() });
      }
    }
    return { kind: "object", entries, nested };
  }
}

/** Parses a Bicep file. @throws BicepError naming file and line */
export function parseBicep(text: string, file: string): Declaration[] {
  return new Parser(tokenize(text, file), file).file_();
}

import { parseTimeSpan } from "./time-span";

interface Leaf {
  /** As it is spelt in the file. */
  readonly path: string;
  readonly value: unknown;
}

/**
 * The keys of a configuration file as .NET reads them: case does not matter, and numbers and flags may be texts. It remembers what was asked for,
 * so that the rest can be told as having no effect, and collects faults instead of ending at the first.
 */
export class ConfigReader {
  /** What is wrong, each naming its key. */
  readonly faults: string[] = [];
  private readonly leaves = new Map<string, Leaf>();
  private readonly asked: string[] = [];

  constructor(raw: Record<string, unknown>) {
    this.add([], raw);
  }

  /** Sets (or replaces) one value, as an environment variable does; `path` is parted by dots. */
  override(path: string, value: string): void {
    this.leaves.set(path.toLowerCase(), { path, value });
  }

  text(path: string): string | undefined {
    const value = this.take(path);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return this.fault(path, "must be a text");
  }

  flag(path: string): boolean | undefined {
    const text = this.text(path)?.toLowerCase();
    if (text === undefined) return undefined;
    return text === "true" ? true : text === "false" ? false : this.fault(path, "must be true or false");
  }

  /** A whole number between the two. */
  count(path: string, least: number, most: number): number | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
    const range =
      most === Number.MAX_SAFE_INTEGER ? `of ${String(least)} or more` : `from ${String(least)} to ${String(most)}`;
    return this.fault(path, `must be a whole number ${range}, not "${text}"`);
  }

  /** A time span in milliseconds, not below `leastMs`. */
  timeSpan(path: string, leastMs: number): number | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const value = parseTimeSpan(text);
    if (value !== undefined && value >= leastMs) return value;
    const least = leastMs > 0 ? ` of at least ${String(leastMs)} ms` : "";
    return this.fault(path, `must be a time span "hh:mm:ss"${least}, not "${text}"`);
  }

  /** One of the words, whatever its case. */
  oneOf<const Word extends string>(path: string, words: readonly Word[]): Word | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const word = words.find((item) => item.toLowerCase() === text.toLowerCase());
    return word ?? this.fault(path, `must be ${words.join(" or ")}, not "${text}"`);
  }

  /** A list of texts. */
  texts(path: string): string[] | undefined {
    const value = this.take(path);
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.fault(path, "must be a list of texts");
  }

  /** Counts a key as read when it has the one value that this host gives it anyway; any other value has no effect and is told. */
  acceptIf(path: string, value: string): void {
    const found = this.leaves.get(path.toLowerCase())?.value;
    if (typeof found === "string" && found.toLowerCase() === value.toLowerCase()) this.take(path);
  }

  /** All values below a key, by the rest of their path; a rest may hold dots. */
  section(path: string): Map<string, string> {
    const prefix = `${path.toLowerCase()}.`;
    this.asked.push(prefix);
    const below = [...this.leaves].filter(([key]) => key.startsWith(prefix));
    return new Map(below.map(([, leaf]) => [leaf.path.slice(prefix.length), String(leaf.value)]));
  }

  /** Paths, as they are spelt, that nobody asked for. */
  unread(): string[] {
    const read = (key: string): boolean =>
      this.asked.some((asked) => key === asked || (asked.endsWith(".") && key.startsWith(asked)));
    return [...this.leaves].filter(([key]) => !read(key)).map(([, leaf]) => leaf.path);
  }

  fault(path: string, problem: string): undefined {
    this.faults.push(`"${path}" ${problem}`);
    return undefined;
  }

  private take(path: string): unknown {
    this.asked.push(path.toLowerCase());
    return this.leaves.get(path.toLowerCase())?.value;
  }

  private add(path: readonly string[], value: unknown): void {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [key, item] of Object.entries(value)) this.add([...path, key], item);
    else this.leaves.set(path.join(".").toLowerCase(), { path: path.join("."), value });
  }
}

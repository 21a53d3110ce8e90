import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Database } from "../database";
import type { Exchange } from "./exchange";

/** Access keys, kept in the host's state. */
export class Keys {
  constructor(
    private readonly db: Database,
    /** Without it every request passes, as with Core Tools. */
    readonly enforced: boolean,
  ) {}

  /** The key of that name (`master`, `default`, `system:<extension>_extension`); made on first use. */
  key(name: string): string {
    return this.db.tx(() => {
      const row = this.db.get("SELECT value FROM settings WHERE name = ?", `key:${name}`);
      if (row) return String(row["value"]);
      const value = randomBytes(40).toString("base64url");
      this.db.run("INSERT INTO settings (name, value) VALUES (?, ?)", `key:${name}`, value);
      return value;
    });
  }

  /** Whether the request carries one of the named keys, or the master key, in `x-functions-key` or `?code=`. */
  allows(exchange: Exchange, ...names: string[]): boolean {
    if (!this.enforced) return true;
    const header = exchange.req.headers["x-functions-key"];
    const given = typeof header === "string" ? header : (exchange.url.searchParams.get("code") ?? "");
    return ["master", ...names].some((name) => same(given, this.key(name)));
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

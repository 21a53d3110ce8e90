import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { readMeta, writeMeta } from "./database";
import { ApiError } from "./api-error";

const hash = (token: string): string => createHash("sha256").update(token).digest("hex");

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hash(a)), Buffer.from(hash(b)));
}

/** The server's personal access token, and OAuth tokens that expire. Only hashes of the latter are stored. */
export class AccessTokens {
  /** The personal access token. It never expires. */
  readonly personal: string;

  constructor(
    private readonly database: DatabaseSync,
    given: string | undefined,
    private readonly lifetimeSeconds = 3600,
  ) {
    this.personal = given ?? readMeta(database, "token") ?? `dapi${randomBytes(16).toString("hex")}`;
    writeMeta(database, "token", this.personal);
  }

  /**
   * Issues a token for client credentials. Any client id is known; its secret is the personal access token.
   *
   * @returns undefined when the secret is wrong
   */
  issue(clientSecret: string): { token: string; expiresInSeconds: number } | undefined {
    if (!equal(clientSecret, this.personal)) return undefined;
    const token = `eyJ${randomBytes(24).toString("base64url")}`;
    this.database.prepare("DELETE FROM access_tokens WHERE expires_at < ?").run(Date.now() - 86_400_000);
    this.database
      .prepare("INSERT INTO access_tokens(hash, expires_at) VALUES (?, ?)")
      .run(hash(token), Date.now() + this.lifetimeSeconds * 1000);
    return { token, expiresInSeconds: this.lifetimeSeconds };
  }

  /** Makes every OAuth token expire now. */
  expireAll(): void {
    this.database.prepare("UPDATE access_tokens SET expires_at = 0").run();
  }

  /** Throws 401 unless the header carries a valid bearer token. The token itself is never repeated. */
  check(header: string | undefined): void {
    const token = /^Bearer\s+(\S+)$/i.exec(header ?? "")?.[1];
    if (token === undefined) {
      throw new ApiError(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API.");
    }
    if (equal(token, this.personal)) return;
    const row = this.database.prepare("SELECT expires_at FROM access_tokens WHERE hash = ?").get(hash(token));
    if (row === undefined) throw new ApiError(401, "UNAUTHENTICATED", "Invalid access token.");
    if (Number(row["expires_at"]) <= Date.now()) throw new ApiError(401, "UNAUTHENTICATED", "Access token expired.");
  }
}

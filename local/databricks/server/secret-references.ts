import type { DatabaseSync } from "node:sqlite";

/** A setting refers to a secret that is not there; the message names scope and key, no value. */
export class UnknownSecretError extends Error {
  override readonly name = "UnknownSecretError";
}

/** The value of a cluster setting: the secret it refers to by `{{secrets/<scope>/<key>}}`, or the text itself. Throws {@link UnknownSecretError}. */
export function resolveSecret(database: DatabaseSync, text: string): string {
  const [, scope, key] = /^\{\{\s*secrets\/([^/{}]+)\/([^/{}]+?)\s*\}\}$/.exec(text.trim()) ?? [];
  if (scope === undefined || key === undefined) return text;
  const row = database.prepare("SELECT value FROM secrets WHERE scope = ? AND key = ?").get(scope, key);
  if (row === undefined) throw new UnknownSecretError(`Secret does not exist with scope: ${scope} and key: ${key}`);
  return Buffer.from(row["value"] as Uint8Array).toString("utf8");
}

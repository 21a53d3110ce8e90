import type { DatabaseSync } from "node:sqlite";
import { ApiError, invalidParameter, notFound } from "./api-error";
import type { Params } from "./params";
import type { Route } from "./router";

const MAX_KEY_LENGTH = 128;
const MAX_VALUE_BYTES = 128 * 1024;
const MAX_SECRETS_PER_SCOPE = 1000;

/** Routes of `/api/2.0/secrets/…`. Values rest in the state database, which only its owner can read. */
export function secretsRoutes(database: DatabaseSync): Route[] {
  function requireScope(params: Params): string {
    const scope = params.requiredString("scope");
    if (database.prepare("SELECT 1 FROM secret_scopes WHERE scope = ?").get(scope) === undefined) {
      throw notFound(`Scope ${scope} does not exist!`);
    }
    return scope;
  }

  function createScope(params: Params): unknown {
    const scope = params.requiredString("scope");
    if (!/^[\w.@-]{1,128}$/.test(scope))
      throw invalidParameter("scope must match [A-Za-z0-9_.@-], at most 128 characters.");
    const { changes } = database.prepare("INSERT OR IGNORE INTO secret_scopes(scope) VALUES (?)").run(scope);
    if (changes === 0) throw new ApiError(400, "RESOURCE_ALREADY_EXISTS", `Scope ${scope} already exists!`);
    return {};
  }

  function deleteScope(params: Params): unknown {
    const scope = requireScope(params);
    database.prepare("DELETE FROM secrets WHERE scope = ?").run(scope);
    database.prepare("DELETE FROM secret_scopes WHERE scope = ?").run(scope);
    return {};
  }

  function put(params: Params): unknown {
    const scope = requireScope(params);
    const key = params.requiredString("key");
    if (!/^[\w.-]+$/.test(key) || key.length > MAX_KEY_LENGTH)
      throw invalidParameter(`key must match [A-Za-z0-9_.-], at most ${MAX_KEY_LENGTH} characters.`);
    const bytes = params.string("bytes_value");
    const value =
      bytes === undefined ? Buffer.from(params.requiredString("string_value")) : Buffer.from(bytes, "base64");
    if (value.length > MAX_VALUE_BYTES) throw invalidParameter(`A secret has at most ${MAX_VALUE_BYTES} bytes.`);
    const { count } = database
      .prepare("SELECT count(*) AS count FROM secrets WHERE scope = ? AND key <> ?")
      .get(scope, key) ?? {
      count: 0,
    };
    if (Number(count) >= MAX_SECRETS_PER_SCOPE)
      throw new ApiError(400, "RESOURCE_LIMIT_EXCEEDED", `A scope has at most ${MAX_SECRETS_PER_SCOPE} secrets.`);
    database
      .prepare("INSERT OR REPLACE INTO secrets(scope, key, value, updated) VALUES (?, ?, ?, ?)")
      .run(scope, key, value, Date.now());
    return {};
  }

  const absent = (scope: string, key: string): ApiError =>
    notFound(`Secret does not exist with scope: ${scope} and key: ${key}`);

  function get(params: Params): unknown {
    const [scope, key] = [requireScope(params), params.requiredString("key")];
    const row = database.prepare("SELECT value FROM secrets WHERE scope = ? AND key = ?").get(scope, key);
    if (row === undefined) throw absent(scope, key);
    return { key, value: Buffer.from(row["value"] as Uint8Array).toString("base64") };
  }

  function remove(params: Params): unknown {
    const [scope, key] = [requireScope(params), params.requiredString("key")];
    const { changes } = database.prepare("DELETE FROM secrets WHERE scope = ? AND key = ?").run(scope, key);
    if (changes === 0) throw absent(scope, key);
    return {};
  }

  function list(params: Params): unknown {
    const rows = database
      .prepare("SELECT key, updated FROM secrets WHERE scope = ? ORDER BY key")
      .all(requireScope(params));
    return { secrets: rows.map((row) => ({ key: row["key"], last_updated_timestamp: row["updated"] })) };
  }

  function listScopes(): unknown {
    const rows = database.prepare("SELECT scope FROM secret_scopes ORDER BY scope").all();
    return { scopes: rows.map((row) => ({ name: row["scope"], backend_type: "DATABRICKS" })) };
  }

  const at = (method: string, name: string, act: (params: Params) => unknown): Route => ({
    method,
    pattern: `/api/2.0/secrets/${name}`,
    handler: ({ params }) => act(params),
  });
  return [
    at("POST", "scopes/create", createScope),
    at("POST", "scopes/delete", deleteScope),
    at("GET", "scopes/list", listScopes),
    at("POST", "put", put),
    at("GET", "get", get),
    at("POST", "delete", remove),
    at("GET", "list", list),
  ];
}

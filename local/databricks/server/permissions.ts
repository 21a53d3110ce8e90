import type { DatabaseSync } from "node:sqlite";
import { invalidParameter } from "./api-error";
import { objectList, type JsonObject } from "./params";
import type { ApiRequest, Route } from "./router";

const PRINCIPALS = ["user_name", "group_name", "service_principal_name"];
const JOB_LEVELS = ["CAN_VIEW", "CAN_MANAGE_RUN", "IS_OWNER", "CAN_MANAGE"];
const OWNER = "IS_OWNER";

interface Entry {
  readonly principal: string;
  readonly name: string;
  readonly level: string;
}

function readEntry(value: JsonObject, where: string, levels: readonly string[] | undefined): Entry {
  const named = PRINCIPALS.flatMap((principal) => {
    const name = value[principal];
    return typeof name === "string" && name !== "" ? [{ principal, name }] : [];
  });
  const [who] = named;
  if (!who || named.length > 1) throw invalidParameter(`${where} must name exactly one of ${PRINCIPALS.join(", ")}.`);
  const level = value["permission_level"];
  if (typeof level !== "string" || level === "")
    throw invalidParameter(`Missing required field: ${where}.permission_level`);
  if (levels && !levels.includes(level))
    throw invalidParameter(`${where}.permission_level must be one of ${levels.join(", ")}, got ${level}.`);
  return { ...who, level };
}

/** One level for each principal, the last given; at most one owner. */
function merge(before: readonly Entry[], given: readonly Entry[]): Entry[] {
  const entries = new Map(before.map((entry) => [`${entry.principal}:${entry.name}`, entry]));
  for (const entry of given) {
    if (entry.level === OWNER) for (const [key, other] of entries) if (other.level === OWNER) entries.delete(key);
    entries.set(`${entry.principal}:${entry.name}`, entry);
  }
  return [...entries.values()];
}

/** Access control lists of jobs and other objects: kept as given, enforced for nobody. */
export class Permissions {
  constructor(private readonly database: DatabaseSync) {}

  /** Sets the given levels; those of other principals stay with `keep`. Throws 400 for a bad entry. */
  write(object: string, given: unknown, keep: boolean): void {
    const levels = object.startsWith("jobs/") ? JOB_LEVELS : undefined;
    const entries = objectList(given, "access_control_list").map((entry, index) =>
      readEntry(entry, `access_control_list[${index}]`, levels),
    );
    if (!keep && entries.filter((entry) => entry.level === OWNER).length > 1)
      throw invalidParameter("access_control_list must have at most one owner.");
    this.database
      .prepare("INSERT OR REPLACE INTO permissions(object, entries) VALUES (?, ?)")
      .run(object, JSON.stringify(merge(keep ? this.read(object) : [], entries).map(toWire)));
  }

  /** Routes of `/api/2.0/permissions/…`: PUT replaces the list, PATCH the levels of the principals it names. */
  routes(): Route[] {
    const object = ({ parts }: ApiRequest): string => `${parts["type"]}/${parts["id"]}`;
    const answer = (request: ApiRequest): unknown => ({
      object_id: `/${object(request)}`,
      object_type: (request.parts["type"] ?? "").replace(/ies$/, "y").replace(/s$/, ""),
      access_control_list: this.read(object(request)).map(({ principal, name, level }) => ({
        [principal]: name,
        all_permissions: [{ permission_level: level, inherited: false }],
      })),
    });
    const write = (keep: boolean) => (request: ApiRequest) => {
      this.write(object(request), request.params.values["access_control_list"], keep);
      return answer(request);
    };
    const pattern = "/api/2.0/permissions/:type/:id";
    const levels = JOB_LEVELS.map((level) => ({ permission_level: level, description: level }));
    return [
      { method: "GET", pattern, handler: answer },
      { method: "PUT", pattern, handler: write(false) },
      { method: "PATCH", pattern, handler: write(true) },
      { method: "GET", pattern: `${pattern}/permissionLevels`, handler: () => ({ permission_levels: levels }) },
    ];
  }

  private read(object: string): Entry[] {
    const row = this.database.prepare("SELECT entries FROM permissions WHERE object = ?").get(object);
    const stored = row === undefined ? [] : (JSON.parse(String(row["entries"])) as JsonObject[]);
    // Lists of older versions may hold a principal twice.
    return merge(
      [],
      stored.map((entry) => readEntry(entry, object, undefined)),
    );
  }
}

function toWire({ principal, name, level }: Entry): JsonObject {
  return { [principal]: name, permission_level: level };
}

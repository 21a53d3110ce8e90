import { jsonFields } from "../worker/binding-data";

/** An entity ready to insert. */
export interface NewEntity {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [property: string]: unknown;
}

/** Keys that the binding gives to entities which have none of their own. */
export interface DefaultKeys {
  readonly partitionKey: string | undefined;
  readonly rowKey: string | undefined;
}

const HIDDEN = /^(?:etag|timestamp|odata\.etag|odata\.metadata)$/i;

/** An entity from the JSON that a function gave. Throws an Error naming `user` when it is no object or has no keys. */
export function toEntity(item: string | Uint8Array, keys: DefaultKeys, user: string): NewEntity {
  const fields = Object.entries(jsonFields(typeof item === "string" ? item : Buffer.from(item).toString()));
  const own = (name: string): string | undefined => {
    const value = fields.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    if (value === undefined || value === null) return undefined;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  const partitionKey = own("PartitionKey") ?? keys.partitionKey;
  const rowKey = own("RowKey") ?? keys.rowKey;
  if (partitionKey === undefined || rowKey === undefined)
    throw new Error(
      `${user}: a table entity must be an object with PartitionKey and RowKey (or the binding must name them)`,
    );
  const properties = fields
    .filter(([key, value]) => value !== null && !/^(?:partitionkey|rowkey)$/i.test(key) && !HIDDEN.test(key))
    .map(([key, value]) => [key, toProperty(value)]);
  return { ...(Object.fromEntries(properties) as object), partitionKey, rowKey };
}

/** Whole numbers are Int64 and objects JSON text, as the real extension stores them. */
function toProperty(value: unknown): unknown {
  if (typeof value === "number")
    return { type: Number.isSafeInteger(value) ? "Int64" : "Double", value: String(value) };
  return typeof value === "object" ? JSON.stringify(value) : value;
}

/** The JSON form of a stored entity: its keys and properties, without ETag and time stamp. */
export function fromEntity(entity: object): Record<string, unknown> {
  const { partitionKey, rowKey, ...rest } = entity as Record<string, unknown>;
  const properties = Object.entries(rest).filter(([key]) => !HIDDEN.test(key) && !key.includes("@odata"));
  return {
    PartitionKey: partitionKey,
    RowKey: rowKey,
    ...Object.fromEntries(properties.map(([key, value]) => [key, fromProperty(value)])),
  };
}

function fromProperty(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  // Times and GUIDs come as { type, value }.
  return typeof value === "object" && value !== null && "value" in value ? value.value : value;
}

/** Finds what of an OpenAPI document would break a client that was written against an older one. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content>>;
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What a schema is for: a client that sends may not be asked for more, one that receives may not be given less. */
type Direction = "sent" | "received";

/** Every breaking change, one line each. */
export function breakingChanges(old: OpenApi, now: OpenApi): string[] {
  const found: string[] = [];
  for (const [path, item] of Object.entries(old.paths)) {
    for (const [method, before] of Object.entries(item)) {
      const where = `${method.toUpperCase()} ${path}`;
      const after = now.paths[path]?.[method];
      if (!after) found.push(`${where} is gone`);
      else compareOperation(new Comparison(old, now, found), where, before, after);
    }
  }
  return found;
}

function compareOperation(comparison: Comparison, where: string, before: Operation, after: Operation): void {
  const { found } = comparison;
  if (before.operationId !== after.operationId) found.push(`${where}: is called ${after.operationId} now`);
  for (const { name, in: place, schema } of before.parameters ?? []) {
    const same = after.parameters?.find((parameter) => parameter.name === name && parameter.in === place);
    if (!same) found.push(`${where}: parameter ${name} is gone`);
    else comparison.compare(`${where} ${name}`, schema, same.schema, "sent");
  }
  for (const { name, required } of after.parameters ?? [])
    if (required && !before.parameters?.some((parameter) => parameter.name === name && parameter.required))
      found.push(`${where}: parameter ${name} is required now`);
  if (after.requestBody?.required && !before.requestBody?.required) found.push(`${where}: a body is required now`);
  const [sentBefore, sentNow] = [schemaOf(before.requestBody), schemaOf(after.requestBody)];
  if (sentBefore) comparison.compare(`${where} body`, sentBefore, sentNow ?? {}, "sent");
  for (const [status, response] of Object.entries(before.responses)) {
    if (status === "default" || Number(status) >= 400) continue;
    const same = after.responses[status];
    const received = schemaOf(response);
    if (!same) found.push(`${where}: is never answered ${status} any more`);
    else if (received) comparison.compare(`${where} ${status}`, received, schemaOf(same) ?? {}, "received");
  }
}

function schemaOf(part: Content | undefined): Schema | undefined {
  return Object.values(part?.content ?? {})[0]?.schema;
}

class Comparison {
  private readonly seen = new Set<string>();

  constructor(
    private readonly old: OpenApi,
    private readonly now: OpenApi,
    readonly found: string[],
  ) {}

  compare(where: string, before: Schema, after: Schema, direction: Direction): void {
    const key = `${direction} ${before.$ref ?? ""} ${after.$ref ?? ""}`;
    if (before.$ref && after.$ref) {
      if (this.seen.has(key)) return;
      this.seen.add(key);
    }
    const [one, other] = [resolve(this.old, before), resolve(this.now, after)];
    this.compareTypes(where, one, other, direction);
    this.compareProperties(where, one, other, direction);
    const [inside, insideNow] = [bare(one).items, bare(other).items];
    if (inside && insideNow) this.compare(`${where}[]`, inside, insideNow, direction);
  }

  private compareTypes(where: string, before: Schema, after: Schema, direction: Direction): void {
    const [types, typesNow] = [typesOf(this.old, before), typesOf(this.now, after)];
    const [narrow, wide] = direction === "sent" ? [typesNow, types] : [types, typesNow];
    const lost = [...wide].filter((type) => !narrow.has(type));
    if (lost.length > 0)
      this.found.push(`${where}: ${direction === "sent" ? "no longer takes" : "may now be"} ${lost.join(", ")}`);
    const [choices, choicesNow] = [before.enum, after.enum];
    const gone = choicesNow ? (choices ?? []).filter((choice) => !choicesNow.includes(choice)) : [];
    if (direction === "sent" && gone.length > 0) this.found.push(`${where}: no longer takes ${gone.join(", ")}`);
  }

  private compareProperties(where: string, before: Schema, after: Schema, direction: Direction): void {
    const [one, other] = [bare(before), bare(after)];
    for (const [name, schema] of Object.entries(one.properties ?? {})) {
      const same = other.properties?.[name];
      if (!same) this.found.push(`${where}.${name} is gone`);
      else this.compare(`${where}.${name}`, schema, same, direction);
    }
    const [required, requiredNow] = [new Set(one.required), new Set(other.required)];
    const changed = direction === "sent" ? [requiredNow, required] : [required, requiredNow];
    for (const name of changed[0] ?? [])
      if (!changed[1]?.has(name) && (direction === "sent" || other.properties?.[name]))
        this.found.push(`${where}.${name} is ${direction === "sent" ? "required now" : "no longer always there"}`);
  }
}

function resolve({ components }: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (components.schemas[name] ?? {});
}

/** The schema without the choice of null. */
function bare(schema: Schema): Schema {
  return schema.anyOf?.find(({ type, properties, items }) => type !== "null" && (properties ?? items)) ?? schema;
}

function typesOf(document: OpenApi, schema: Schema): Set<string> {
  const { type, anyOf = [] } = resolve(document, schema);
  const own = type === undefined ? [] : typeof type === "string" ? [type] : [...type];
  return new Set([...own, ...anyOf.flatMap((option) => [...typesOf(document, option)])]);
}

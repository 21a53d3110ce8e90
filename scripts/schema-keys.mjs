#!/usr/bin/env node
/**
 * Keeps what public schemas say of our configuration files: the keys that each place may have, and the words of short enumerations, with
 * the schema's commit. The schemas themselves are others' texts and stay out. By hand, with the repositories of the schemas at hand:
 * `node scripts/schema-keys.mjs FOLDER`, where FOLDER holds a clone `<owner>/<name>` of each.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SCHEMAS = [
  { name: "azure.yaml", repository: "Azure/azure-dev", path: "schemas/v1.0/azure.yaml.json", files: ["azure.yaml"] },
  {
    name: "host.json",
    repository: "SchemaStore/schemastore",
    path: "src/schemas/json/host.json",
    files: ["host.json"],
  },
  {
    name: "bundle",
    repository: "databricks/cli",
    path: "bundle/schema/jsonschema.json",
    files: ["databricks.yml", "resources/catalog.yml", "resources/scoring.job.yml"],
  },
  {
    name: "workflow",
    repository: "SchemaStore/schemastore",
    path: "src/schemas/json/github-workflow.json",
    files: ["ci", "codeql", "deploy", "release"].map((file) => `.github/workflows/${file}.yml`),
  },
];
const MOST_WORDS = 80;

/** The schemas that may stand at one place: references followed, alternatives side by side. */
function* alternatives(schema, whole, seen = new Set()) {
  if (typeof schema !== "object" || schema === null || seen.has(schema)) return;
  seen.add(schema);
  if (schema.$ref?.startsWith("#")) {
    const steps = schema.$ref
      .slice(2)
      .split("/")
      .map((step) => decodeURIComponent(step).replaceAll("~1", "/"));
    yield* alternatives(
      steps.reduce((at, step) => at?.[step], whole),
      whole,
      seen,
    );
  }
  yield schema;
  for (const kind of ["allOf", "anyOf", "oneOf"])
    for (const part of schema[kind] ?? []) yield* alternatives(part, whole, seen);
  for (const kind of ["then", "else"]) yield* alternatives(schema[kind], whole, seen);
}

/** What a place says of itself: names of its keys, whether others are let in, the words that a text there may be. */
function describe(schemas) {
  const keys = [...new Set(schemas.flatMap(({ properties = {} }) => Object.keys(properties)))].sort();
  const words = [...new Set(schemas.flatMap((schema) => schema.enum ?? []))];
  const isMap = schemas.some((one) => typeof one.additionalProperties === "object" || one.patternProperties);
  return {
    ...(keys.length > 0 ? { keys } : {}),
    ...(isMap ? { map: true } : {}),
    ...(words.length > 0 && words.length <= MOST_WORDS ? { words } : {}),
  };
}

function below(schemas, key, whole) {
  const own = schemas.flatMap(({ properties = {} }) => (key in properties ? [properties[key]] : []));
  const others = schemas.flatMap(({ additionalProperties, patternProperties = {} }) => [
    additionalProperties,
    ...Object.values(patternProperties),
  ]);
  const next = own.length > 0 ? own : others;
  return { named: own.length > 0, schemas: next.flatMap((schema) => [...alternatives(schema, whole)]) };
}

/** Goes through a document and notes what the schema says at each place; items of a list are one place, keys of a map too. */
function note(value, place, schemas, whole, places) {
  if (Array.isArray(value)) {
    const items = schemas.flatMap(({ items = [] }) => [items].flat()).flatMap((item) => [...alternatives(item, whole)]);
    for (const item of value) note(item, `${place}[]`, items, whole, places);
    return;
  }
  const said = describe(schemas);
  if (Object.keys(said).length > 0) places[place] = said;
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const { named, schemas: next } = below(schemas, key, whole);
    note(item, `${place}/${named ? key : "*"}`, next, whole, places);
  }
}

const folder = process.argv[2];
if (!folder) throw new Error("which folder holds the clones?");
const kept = Object.fromEntries(
  SCHEMAS.map(({ name, repository, path, files }) => {
    const git = (...args) =>
      execFileSync("git", ["-C", join(folder, repository), ...args], { encoding: "utf8", maxBuffer: 1e8 });
    const [commit, day] = git("log", "-1", "--format=%H %cs").trim().split(" ");
    const whole = JSON.parse(git("show", `HEAD:${path}`));
    const places = {};
    for (const file of files) {
      const document = parse(readFileSync(join(root, file), "utf8"));
      note(document, "", [...alternatives(whole, whole)], whole, places);
    }
    return [name, { source: `${repository} ${path}`, commit, day, places }];
  }),
);
writeFileSync(join(root, "test", "fixtures", "schema-keys.json"), `${JSON.stringify(kept, null, 1)}\n`);

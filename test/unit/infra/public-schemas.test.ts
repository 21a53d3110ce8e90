import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { REPO_ROOT } from "../../../local/paths";

interface Place {
  readonly keys?: readonly string[];
  /** Keys may have any name. */
  readonly map?: true;
  /** What a text there may be. */
  readonly words?: readonly string[];
}
interface Kept {
  readonly source: string;
  readonly commit: string;
  readonly day: string;
  readonly places: Readonly<Record<string, Place>>;
}

/** What public schemas say of each place that our files have, as of a day; `scripts/schema-keys.mjs` renews it. */
const kept = JSON.parse(readFileSync(join(REPO_ROOT, "test", "fixtures", "schema-keys.json"), "utf8")) as Record<
  string,
  Kept
>;
/** Right by the documentation of the product, and unknown to the schema. */
const UNKNOWN_TO_SCHEMA = [
  "host.json/extensions/durableTask/storageProvider/type",
  "host.json/extensions/durableTask/overridableExistingInstanceStates",
];

function* faultsOf(value: unknown, place: string, { places }: Kept, where: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const item of value) yield* faultsOf(item, `${place}[]`, { places } as Kept, where);
    return;
  }
  const known = places[place];
  if (typeof value === "string") {
    if (known?.words && !value.includes("${") && !known.words.includes(value))
      yield `${where}${place}: no word ${value}`;
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const isKey = known?.keys?.includes(key) ?? false;
    const isFree = known === undefined || known.map === true;
    const at = `${place}/${isKey ? key : "*"}`;
    if (isKey || isFree) yield* faultsOf(item, at, { places } as Kept, where);
    else if (!UNKNOWN_TO_SCHEMA.includes(`${where}${place}/${key}`)) yield `${where}${place}: no key ${key}`;
  }
}

const read = (file: string, root = REPO_ROOT): unknown => parse(readFileSync(join(root, file), "utf8"));
const schema = (name: string): Kept => {
  const found = kept[name];
  if (!found) throw new Error(`no schema ${name}`);
  return found;
};
const faults = (name: string, file: string, root?: string) => [...faultsOf(read(file, root), "", schema(name), file)];

describe("public schemas know every key and word of", () => {
  it.each([
    ["azure.yaml", "azure.yaml"],
    ["host.json", "host.json"],
    ...["databricks.yml", ...globSync("resources/*.yml", { cwd: REPO_ROOT })].map((file) => ["bundle", file]),
    ...globSync(".github/workflows/*.yml", { cwd: REPO_ROOT }).map((file) => ["workflow", file]),
  ])("%s: %s", (name = "", file = "") => {
    expect(faults(name, file)).toEqual([]);
  });

  it("the copies of the bundle for other compute", () => {
    for (const compute of ["shared", "existing", "serverless"]) {
      const folder = mkdtempSync(join(tmpdir(), "bk-schema-"));
      const script = join(REPO_ROOT, "scripts", "bundle.mjs");
      execFileSync(process.execPath, [script, "--compute", compute, "--out", folder], { stdio: "pipe" });
      const files = ["databricks.yml", ...globSync("resources/*.yml", { cwd: folder })];
      expect(files.flatMap((file) => faults("bundle", file, folder))).toEqual([]);
      rmSync(folder, { recursive: true });
    }
  });
});

it("each snapshot names its source, commit and day", () => {
  expect(Object.keys(kept)).toEqual(["azure.yaml", "host.json", "bundle", "workflow"]);
  for (const { source, commit, day } of Object.values(kept)) {
    expect(source).toMatch(/^[\w-]+\/[\w-]+ \S+\.json$/);
    expect([commit, day]).toEqual([
      expect.stringMatching(/^[0-9a-f]{40}$/),
      expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
    ]);
  }
});

describe("the check finds", () => {
  const found = (name: string, value: object) => [...faultsOf(value, "", schema(name), "f")];

  it.each([
    ["azure.yaml", { services: { app: { hots: "function" } } }, ["f/services/*: no key hots"]],
    ["azure.yaml", { hooks: { postprovison: {} } }, ["f/hooks: no key postprovison"]],
    ["azure.yaml", { hooks: { postdeploy: { posix: { shell: "zsh" } } } }, ["f/hooks/postdeploy/posix/shell: no word zsh"]],
    ["host.json", { extensions: { http: { routePrefx: "" } } }, ["f/extensions/http: no key routePrefx"]],
    ["bundle", { targets: { prod: { runas: {} } } }, ["f/targets/*: no key runas"]],
    ["bundle", { resources: { jobs: { a: { tasks: [{ depend_on: [] }] } } } }, ["f/resources/jobs/*/tasks[]: no key depend_on"]],
    ["bundle", { resources: { volumes: { a: { volume_type: "OUTER" } } } }, ["f/resources/volumes/*/volume_type: no word OUTER"]],
    ["workflow", { jobs: { a: { permissions: { contents: "all" } } } }, ["f/jobs/*/permissions/contents: no word all"]],
  ])("in %s %j", (name, value, expected) => expect(found(name, value)).toEqual(expected)); // prettier-ignore
});

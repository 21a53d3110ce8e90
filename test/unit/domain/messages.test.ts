import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messagesPage } from "../../../local/messages";
import { REPO_ROOT } from "../../../local/paths";
import { unreadable, type BlobState, type DropState } from "../../../src/domain/drop";
import { DROP_REASONS, remedyOfDrop } from "../../../src/domain/messages/drop-reasons";
import { FILE_RULES, remedyOfRule, ROW_RULES } from "../../../src/domain/messages/quarantine-rules";
import { CAUSES, remedyOfCode, RUN_CODES } from "../../../src/domain/messages/run-codes";
import { remedyOfCheck } from "../../../src/domain/messages/standing";
import { KNOWN_CODES } from "../../../src/domain/verdict";
import { ORPHANED } from "../../../src/ledger/drops/drop-lists";

const read = (path: string) => readFileSync(join(REPO_ROOT, path), "utf8");

it("the page is what the tables make: `npm run messages` writes it anew", () => {
  expect(read("docs/messages.md")).toBe(messagesPage());
});

describe("codes of runs and steps", () => {
  const ours = globSync("src/{domain,runs,activities,orchestrators,operations,sweeps}/**/*.ts", { cwd: REPO_ROOT })
    .filter((path) => !path.includes("messages"))
    .flatMap((path) => [...read(path).matchAll(/(?:code: (?:\w+ \? "\w+" : )?|refuse\(\s*)"([A-Z_]+)"/g)])
    .map(([, code = ""]) => code);

  it("have a remedy each, those of the source and those that Databricks gives", () => {
    expect(ours).toEqual(expect.arrayContaining(["EXIT_JSON_INVALID", "RUN_TIMED_OUT", "ABANDONED", "NO_TASKS"]));
    const known = new Set(["SUCCESS", ...Object.keys(RUN_CODES)]);

    expect([...ours, ...KNOWN_CODES].filter((code) => !known.has(code))).toEqual([]);
  });

  it("of a time limit do not send people into a retry that keeps it", () => {
    for (const code of ["RUN_TIMED_OUT", "STEP_TIMED_OUT"])
      expect(remedyOfCode(code)).toMatch(/timeoutSeconds\. A raised limit holds for new runs alone: rerun it/);
  });

  it("that nobody knows are told by their cause, else by what to do with the unknown", () => {
    expect(remedyOfCode("BRAND_NEW", "quota")).toBe(CAUSES.quota.remedy);
    expect(remedyOfCode("BRAND_NEW")).toBe(CAUSES.unknown.remedy);
    expect(remedyOfCode("BRAND_NEW", "brand-new")).toBe(CAUSES.unknown.remedy);
  });
});

describe("reasons of drops", () => {
  const blob: BlobState = {
    ...{ size: 0, lastModified: "", metadata: {}, blobType: "BlockBlob", accessTier: null, customerKey: false },
    ...{ copyStatus: null, copyMessage: null },
  };
  const of = (over: Partial<BlobState>) => unreadable({ ...blob, ...over }) ?? "readable";

  it.each<[string, string, DropState]>([
    ["orphaned", ORPHANED, "pending"],
    ["fits no pipeline", "the path fits no pipeline's pathPattern", "quarantined"],
    ["key of its writer", of({ customerKey: true }), "quarantined"],
    ["key of its writer", "BlobUsesCustomerSpecifiedEncryption: no", "quarantined"],
    ["archive tier", of({ accessTier: "Archive" }), "quarantined"],
    ["archive tier", "BlobArchived: no", "quarantined"],
    ["the copy that should", of({ copyStatus: "failed" }), "quarantined"],
    ["the blob was still", "the blob was still copying after 24 h", "quarantined"],
    ["Invalid", "could not be frozen: InvalidBlobType: no", "quarantined"],
    ["could not be frozen", "could not be frozen: its copy did not end", "quarantined"],
  ])("%s: known by its text", (shown, reason, state) => {
    const remedy = remedyOfDrop({ state, reason });

    expect(DROP_REASONS.find((one) => one.remedy === remedy && one.state === state)?.shown).toContain(shown);
  });

  it("with nothing to be done have none", () => {
    for (const state of ["claimed", "batched", "superseded"] as const)
      expect(remedyOfDrop({ state, reason: "in the batch of x" })).toBeNull();
    expect(remedyOfDrop({ state: "pending", reason: null })).toBeNull();
    const decision = { kind: "discarded", by: null, at: "", why: "", dropPath: null, rows: 0 } as const;
    expect(remedyOfDrop({ state: "quarantined", reason: "odd", decision })).toBeNull();
    expect(remedyOfDrop({ state: "quarantined", reason: "odd" })).toMatch(/requeue/);
  });
});

describe("rules of the quarantine", () => {
  const rules = read("notebooks/batchkeeper/ingestion/rows/rules.py");
  const tuple = (name: string) =>
    [...(new RegExp(`^${name} = \\(([^)]*)\\)`, "m").exec(rules)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
      ([, one]) => one,
    );

  it("are those of the engine", () => {
    expect(Object.keys(FILE_RULES).sort()).toEqual(tuple("FILE_RULES").sort());
    expect(Object.keys(ROW_RULES).sort()).toEqual([...tuple("FORM_RULES"), "too_late"].sort());
  });

  it("are known with the field behind them, and a scenario's own are told as such", () => {
    expect(remedyOfRule("wrong_type:volt")).toBe(ROW_RULES["wrong_type"]?.remedy);
    expect(remedyOfRule("impossible_zero")).toContain("If the rule is wrong");
  });
});

it("a check of the health is known by the first words of its name", () => {
  expect(remedyOfCheck("container drops")).toMatch(/^Create the container/);
  expect(remedyOfCheck("write to results")).toMatch(/Data Contributor/);
  expect(remedyOfCheck("job batchkeeper-scoring")).toMatch(/^Deploy the bundle/);
});

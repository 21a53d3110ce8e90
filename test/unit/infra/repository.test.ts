import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(__dirname, "..", "..", "..");
const text = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Workflow {
  readonly permissions?: Record<string, string>;
  readonly jobs: Record<
    string,
    { "timeout-minutes"?: number; steps: { uses?: string; run?: string; with?: object }[] }
  >;
}

describe.each(globSync(".github/workflows/*.yml", { cwd: ROOT }))("the workflow %s", (file) => {
  const workflow = parse(text(file)) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it("names its rights, and every job an end", () => {
    expect(workflow.permissions?.["contents"]).toBe("read");
    for (const job of Object.values(workflow.jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  it("pins each action by a commit, with its version beside it", () => {
    const lines = text(file).split("\n").filter((line) => line.includes("uses:")); // prettier-ignore

    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/uses: [\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("keeps no token in the checkout and puts no input into a shell line", () => {
    for (const { uses, with: inputs } of steps)
      if (uses?.startsWith("actions/checkout@")) expect(inputs).toMatchObject({ "persist-credentials": false });
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  });

  it("holds no secret: deployments sign in by federation", () => {
    expect(text(file)).not.toMatch(/secrets\./);
  });
});

describe("the notes of a release", () => {
  const { version } = JSON.parse(text("package.json")) as { version: string };
  const notes = (tag: string) =>
    spawnSync(process.execPath, [join(ROOT, "scripts", "release-notes.mjs"), tag], { encoding: "utf8" });

  it("are refused for a tag that is not the version", () => {
    expect(notes("v99.0.0")).toMatchObject({
      status: 1,
      stderr: `release notes: the tag says 99.0.0, package.json ${version}\n`,
    });
  });

  it("are the changelog's section of the version, and refused without one", () => {
    const [, section] =
      new RegExp(`^## \\[${version}\\].*\\n([^]*?)(?=^## |$(?![^]))`, "m").exec(text("CHANGELOG.md")) ?? [];
    const { status, stdout, stderr } = notes(`v${version}`);

    expect([status, stdout.trim(), stderr]).toEqual(
      section === undefined
        ? [1, "", `release notes: CHANGELOG.md has no section [${version}]\n`]
        : [0, section.trim(), ""],
    );
  });
});

it("code owners name nobody who does not exist: none until somebody takes the repository over", () => {
  expect(text(".github/CODEOWNERS")).not.toMatch(/^[^#\n]+@batchkeeper/m);
});

it("one action has one commit in all workflows", () => {
  const pins = globSync(".github/workflows/*.yml", { cwd: ROOT }).flatMap((file) =>
    [...text(file).matchAll(/uses: ([\w.-]+\/[\w.-]+)\S*@(\w+)/g)].map(([, action, commit]) => `${action}@${commit}`),
  );

  expect(new Set(pins).size).toBe(new Set(pins.map((pin) => pin.split("@")[0])).size);
});

it("npm scripts and files that tasks, launches and workflows name are there", () => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
  const { tasks } = JSON.parse(text(".vscode/tasks.json")) as { tasks: { script?: string }[] };

  for (const { script } of tasks) if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
  for (const file of ["CONTRIBUTING.md", "SECURITY.md", ".github/CODEOWNERS", ".ci/run", ".nvmrc"])
    expect(existsSync(join(ROOT, file))).toBe(true);
  for (const file of globSync(".github/ISSUE_TEMPLATE/*.yml", { cwd: ROOT }))
    expect(parse(text(file))).toEqual(expect.any(Object));
});

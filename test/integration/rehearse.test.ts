import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { NODE, REPO_ROOT } from "../../local/paths";

jest.setTimeout(300_000);

/** `npm run rehearse`, from the compiled tree. */
function rehearse(...options: string[]): { status: number | null; rows: string[]; errors: string } {
  const main = join(REPO_ROOT, "dist", "local", "rehearse", "main.js");
  const { status, stdout, stderr } = spawnSync(NODE, ["--disable-warning=ExperimentalWarning", main, ...options], {
    encoding: "utf8",
  });
  return { status, rows: stdout.trim().split("\n"), errors: stderr };
}

describe("the rehearsal of a deployment", () => {
  it("finds the package in order with identities, Event Grid, keys, the webhook and client credentials", () => {
    const { status, rows } = rehearse();

    expect(rows.filter((row) => !/ {2}ok {2}/.test(row))).toEqual(["all 12 in order"]);
    expect(status).toBe(0);
  });

  it("names the identity that a setting has wrong, and what else is out of order", () => {
    const { status, rows } = rehearse("--set", "DATABRICKS_AZURE_CLIENT_ID=stranger");
    const failed = rows.filter((row) => / {2}failed {2}/.test(row));

    expect(failed).toHaveLength(2);
    expect(failed[0]).toMatch(/^storage and workspace by managed identity .*databricks.*Entra token/i);
    expect(failed[1]).toMatch(/^doctor: .*databricks.*Entra token/i);
    expect(rows.at(-1)).toBe("2 of 12 not in order");
    expect(status).toBe(1);
  });

  it("refuses a bad option", () => {
    expect(rehearse("--set", "x")).toMatchObject({ status: 1, errors: '--set must be NAME=VALUE, not "x"\n' });
  });
});

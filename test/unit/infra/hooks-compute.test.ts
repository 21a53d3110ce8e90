import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folderOfFakes, runHook, type Changes } from "../../support/hooks";

describe("the jobs' compute", () => {
  const calls = (environment: Changes) => {
    const folder = folderOfFakes();
    const ended = runHook("postprovision", folder, environment);
    const path = join(folder, "calls");
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    rmSync(folder, { recursive: true });
    return { ...ended, text };
  };

  it("is a cluster that is there, which the app may then attach to", () => {
    const { status, text } = calls({ DATABRICKS_COMPUTE: "existing", DATABRICKS_CLUSTER_ID: "0101-cluster" });

    expect(status).toBe(0);
    expect(text).toContain('"permissions","update","clusters","0101-cluster"');
    expect(text).toContain('"BUNDLE_VAR_existing_cluster_id":"0101-cluster"');
    expect(text).not.toContain('"instance-pools"');
  });

  it("is the pool as well when the steps share a run, by a copy of the bundle", () => {
    const { status, stdout, text } = calls({ DATABRICKS_COMPUTE: "shared" });

    expect([status, stdout]).toEqual([0, expect.stringContaining("jobs on shared")]);
    expect(text).toContain('"BUNDLE_VAR_instance_pool_id":"instance-pools-1"');
  });

  it("is serverless, without a pool", () => {
    const { status, stdout, text } = calls({ DATABRICKS_COMPUTE: "serverless" });

    expect([status, stdout]).toEqual([0, expect.stringContaining("jobs on serverless")]);
    expect(text).not.toContain('"instance-pools"');
  });

  it.each([
    [{ DATABRICKS_COMPUTE: "cloud" }, "must be pool, shared, existing or serverless, not cloud"],
    [{ DATABRICKS_COMPUTE: "existing" }, "DATABRICKS_CLUSTER_ID"],
  ])("is refused before anything is made: %j", (environment, words) => {
    const { status, stderr, text } = calls(environment);

    expect([status, stderr]).toEqual([1, expect.stringContaining(words)]);
    expect(text).not.toContain("create");
  });
});

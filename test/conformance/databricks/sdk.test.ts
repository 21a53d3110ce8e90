import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startServer, type LocalDatabricksServer } from "../../../local/databricks/server/server";
import { PYTHON } from "../../../local/paths";

jest.setTimeout(400_000);

/** What sdk_client.py prints, as far as the assertions reach into it. */
interface Seen {
  readonly succeed: { readonly page: string };
  readonly fail: { readonly waiter: object; readonly error: string; readonly trace: string };
  readonly cancel: { readonly state: readonly string[] };
  readonly secrets: object;
  readonly faults: { readonly runs: number };
  readonly errors: Readonly<Record<"job" | "run" | "cancel" | "path", object>> & { readonly user: string };
  readonly oauth: { readonly jobs: readonly string[] };
}

/** The official Python SDK against the server, with real Spark behind it. */
describe("databricks-sdk for Python", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "bk-sdk-"));
  let server: LocalDatabricksServer;
  let seen: Seen;
  beforeAll(async () => {
    server = await startServer({ port: 0, stateDir, memory: "2g" });
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: stateDir,
      DATABRICKS_CONFIG_FILE: join(stateDir, "none"),
      TEST_HOST: server.url,
      TEST_TOKEN: server.token,
    };
    const { stdout } = await promisify(execFile)(PYTHON, [join(__dirname, "sdk_client.py")], { env });
    seen = JSON.parse(stdout) as Seen;
  });
  afterAll(async () => {
    await server.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it("runs a notebook on Spark and reads its exit value", () => {
    expect(seen.succeed).toMatchObject({
      result: "12",
      state: ["TERMINATED", "SUCCESS"],
      sameRun: true,
      listed: ["succeed"],
      runs: [true],
    });
  });

  it("finds what the notebook printed on the run's page", async () => {
    expect(await (await fetch(seen.succeed.page)).text()).toContain("counting");
  });

  it("raises for a failed run and reads error and trace", () => {
    expect(seen.fail.waiter).toMatchObject({
      type: "OperationFailed",
      message: expect.stringContaining("Workload failed, see run output for details"),
    });
    expect(seen.fail.error).toBe("ValueError: bad date");
    expect(seen.fail.trace).toMatch(/fail\.py.*line 2|line 2.*fail\.py/s);
  });

  it("cancels and waits", () => {
    expect(seen.cancel.state).toEqual(["TERMINATED", "CANCELED"]);
  });

  it("keeps secrets for notebooks, and out of the controller's log", () => {
    expect(seen.secrets).toEqual({ value: "v", keys: ["key"], inNotebook: "1" });
    expect(readFileSync(join(stateDir, "logs", "controller.log"), "utf8")).not.toContain(server.token);
  });

  it("makes one run of a run-now that was resent three times", () => {
    expect(seen.faults.runs).toBe(1);
  });

  it("maps errors to its own classes", () => {
    expect(seen.errors.job).toMatchObject({ type: "ResourceDoesNotExist", message: "Job 7 does not exist." });
    expect(seen.errors.run).toMatchObject({ type: "ResourceDoesNotExist" });
    expect(seen.errors.cancel).toMatchObject({ type: "InvalidParameterValue" });
    expect(seen.errors.path).toMatchObject({ type: "ResourceDoesNotExist" });
    expect(seen.errors.user).toContain("@");
  });

  it("logs in with client credentials", () => {
    expect(seen.oauth.jobs).toEqual(["fail"]);
  });
});

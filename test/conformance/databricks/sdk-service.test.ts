import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { PYTHON } from "../../../local/paths";
import { Bench } from "../../unit/databricks-server/harness";

jest.setTimeout(120_000);

/** The official Python SDK against jobs, workspace and files of the server; no Spark, the notebooks are commands of a small controller. */
describe("databricks-sdk for Python", () => {
  const bench = new Bench();
  let seen: Record<string, object>;
  beforeAll(async () => {
    await bench.start();
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: bench.stateDir,
      DATABRICKS_CONFIG_FILE: join(bench.stateDir, "none"),
      TEST_HOST: bench.url,
      TEST_TOKEN: bench.token,
    };
    const { stdout } = await promisify(execFile)(PYTHON, [join(__dirname, "sdk_service.py")], { env });
    seen = JSON.parse(stdout) as Record<string, object>;
  });
  afterAll(async () => bench.remove());

  it("uploads notebooks, files and bytes, and reads them back", () => {
    expect(seen["uploads"]).toEqual({
      source: "# Databricks notebook source\nprint(2)\n",
      bytes: true,
      listed: {
        "/Shared/uploads/auto": "NOTEBOOK",
        "/Shared/uploads/data.bin": "FILE",
        "/Shared/uploads/empty.txt": "FILE",
        "/Shared/uploads/source": "NOTEBOOK",
      },
      again: "RESOURCE_ALREADY_EXISTS",
    });
  });

  it("deploys as a bundle is deployed: lock, files without a content type, job, permissions, run", () => {
    expect(seen["bundle_deployment"]).toEqual({
      first: "ResourceDoesNotExist",
      held: "ResourceAlreadyExists",
      type: "NOTEBOOK",
      state: "[]",
      result: "deployed",
    });
  });

  it("uploads and downloads files of volumes whole, in part and in parallel", () => {
    expect(seen["files"]).toEqual({ whole: true, part: true, parallel: true, held: "AlreadyExists", size: 300_000 });
  });

  it("has schedules fire, and bad ones refused", () => {
    expect(seen["schedule"]).toMatchObject({
      refused: { type: "InvalidParameterValue", message: expect.stringContaining("every night") },
      unknown: { type: "InvalidParameterValue", message: expect.stringContaining("job_cluster_key none") },
      trigger: "PERIODIC",
      schedule: "* * * * * ?",
    });
  });

  it("hands settings of clusters and libraries to the cluster", () => {
    expect(seen["clusters"]).toMatchObject({
      told: {
        sparkConf: { "spark.sql.ansi.enabled": "false" },
        env: { STAGE: "dev" },
        libraries: [{ pypi: { package: "simplejson" } }],
        workspacePath: "/Shared/service/cluster",
      },
    });
  });

  it("runs no disabled task, passes task values on, and shows each repair with its own state", () => {
    expect(seen["runs"]).toMatchObject({
      value: { name: "Ada" },
      off: "DISABLED",
      twice: { type: "InvalidParameterValue" },
      history: [
        ["ORIGINAL", "FAILED"],
        ["REPAIR", "SUCCESS"],
      ],
    });
  });

  it("keeps one permission level for each principal", () => {
    expect(seen["permissions"]).toEqual({
      levels: [
        ["a", "CAN_MANAGE"],
        ["b", "CAN_VIEW"],
      ],
    });
  });
});

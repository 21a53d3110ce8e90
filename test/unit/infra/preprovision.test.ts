import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..");

it.each([
  [{ VNET_ENABLED: "true", AZURE_SUBSCRIPTION_ID: "sub-x" }, { "Microsoft.App": "sub-x" }],
  [{ VNET_ENABLED: "false" }, undefined],
])("a network, and nothing else, has its provider registered: %j", (environment, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "bk-hook-"));
  symlinkSync(join(ROOT, "test", "support", "fake-cloud.mjs"), join(folder, "az"));
  const PATH = [folder, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const env = { PATH, FAKE_STATE: folder, BATCHKEEPER_RETRY_SECONDS: "0", ...environment };
  const { status } = spawnSync("sh", [join(ROOT, "infra/hooks/preprovision.sh")], { env });
  const path = join(folder, "state.json");
  const state = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, object>) : {};
  rmSync(folder, { recursive: true });

  expect([status, state["providers"]]).toEqual([0, expected]);
});

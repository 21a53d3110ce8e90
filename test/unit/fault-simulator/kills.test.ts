import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { twinPlans } from "../../../local/fault-simulator/checks/kills";

const MAIN = join(__dirname, "..", "..", "..", "dist", "local", "fault-simulator", "main.js");
const SEEDS = Array.from({ length: 50 }, (_none, seed) => seed);

describe("a schedule with and without kills (I7)", () => {
  it("differs in kills and calls that go wrong alone", () => {
    for (const { calm, killed } of SEEDS.map(twinPlans)) {
      const kills = killed.items.filter(({ kind }) => kind === "kill");
      expect(kills.length).toBeGreaterThan(0);
      expect(killed.items.filter((item) => !kills.includes(item))).toEqual(calm.items);
      expect(calm.items.some(({ kind }) => kind === "kill")).toBe(false);
    }
  });

  it("ends with the same rows and verdicts", () => {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, "--kills", "only", "--runs", "20"], {
      encoding: "utf8",
    });

    expect(stdout).toContain("20 schedules, 20 without a violation");
    expect(stdout).toContain("host killed");
    expect(status).toBe(0);
  }, 120_000);
});

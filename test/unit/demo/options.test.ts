import { resolve } from "node:path";
import { parseOptions } from "../../../local/demo/options";
import { driveFailures } from "../../../local/demo/scenarios/drive-failures";
import { predictiveMaintenance } from "../../../local/demo/scenarios/predictive-maintenance";

describe("the demo's options", () => {
  it("take folders from where the user stands, as the simulator runs elsewhere", () => {
    expect(parseOptions(["--events", "../events", "--state", "here"])).toMatchObject({
      events: resolve("../events"),
      state: resolve("here"),
    });
  });

  it("have defaults, and more memory for more machines", () => {
    const scenario = predictiveMaintenance;
    expect(parseOptions([])).toEqual({ scenario, size: 100, days: 2, seed: 7, keep: false, memory: "3g" });
    expect(parseOptions(["--machines", "1000"])).toMatchObject({ memory: "6g" });
  });

  it("take the second scenario by its name, with drives in place of machines", () => {
    const scenario = driveFailures;

    expect(parseOptions(["--scenario", "drive_failures"])).toMatchObject({ scenario, size: 3000, memory: "3g" });
    expect(parseOptions(["--scenario", "drive_failures", "--drives", "9000"])).toMatchObject({ size: 9000 });
  });

  it.each([
    [["--scenario", "pumps"], "--scenario must be predictive_maintenance or drive_failures, not pumps"],
    [["--scenario", "drive_failures", "--machines", "10"], "--machines is nothing of drive_failures"],
    [["--scenario", "drive_failures", "--events", "x"], "--events is nothing of drive_failures"],
    [["--drives", "1000"], "--drives is nothing of predictive_maintenance"],
    [["--scenario", "drive_failures", "--drives", "5"], "--drives must be a whole number from 500 to 20000, not 5"],
    [["--machines", "many"], "--machines must be a whole number from 10 to 1000, not many"],
    [["--days", "0"], "--days must be a whole number from 1 to 30, not 0"],
    [["--frobnicate"], "--frobnicate"],
  ])("refuse %j by name", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

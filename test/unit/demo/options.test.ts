import { resolve } from "node:path";
import { parseOptions } from "../../../local/demo/options";

describe("the demo's options", () => {
  it("take folders from where the user stands, as the simulator runs elsewhere", () => {
    expect(parseOptions(["--events", "../events", "--state", "here"])).toMatchObject({
      events: resolve("../events"),
      state: resolve("here"),
    });
  });

  it("have defaults, and more memory for more machines", () => {
    expect(parseOptions([])).toEqual({ machines: 100, days: 2, seed: 7, keep: false, memory: "3g" });
    expect(parseOptions(["--machines", "1000"])).toMatchObject({ memory: "6g" });
  });

  it.each([
    [["--machines", "many"], "--machines must be a whole number from 10 to 1000, not many"],
    [["--days", "0"], "--days must be a whole number from 1 to 30, not 0"],
    [["--frobnicate"], "--frobnicate"],
  ])("refuse %j by name", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

import { fatesOf } from "../../../console/pages/risk/afterwards";
import { deviation, rangeOf, stretches, told } from "../../../console/pages/risk/sensors";

const at = (day: number): string => `2015-11-${String(day).padStart(2, "0")}T06:00:00.000Z`;
const point = (day: number, probability: number, target = "comp1") => ({
  ...{ runId: "r", entity: "17", target, asOf: at(day), horizonHours: 48, probability, threshold: 0.5 },
  ...{ alert: probability >= 0.5, reasons: [], note: null, modelVersion: "3", revision: 1 },
});
const KNOWN = [{ from: at(1), until: at(20) }];
const fates = (points: ReturnType<typeof point>[], failures: { target: string; at: string }[], known = KNOWN) =>
  fatesOf(points, 48, { known, failures }).map(({ kind, target, at: from }) => [kind, target, from]);

describe("what became of alerts", () => {
  it("is told once of alerts in a row, by the failure within the horizon of the last of them", () => {
    const points = [point(2, 0.1), point(3, 0.6), point(4, 0.9), point(5, 0.2), point(9, 0.7)];

    expect(fates(points, [{ target: "comp1", at: at(6) }])).toEqual([
      ["no failure", "comp1", at(9)],
      ["came true", "comp1", at(3)],
    ]);
  });

  it("is another part's failure for none, and a failure at the very point is the past", () => {
    expect(fates([point(3, 0.6)], [{ target: "comp2", at: at(4) }])).toEqual([["no failure", "comp1", at(3)]]);
    expect(fates([point(3, 0.6)], [{ target: "comp1", at: at(3) }])).toEqual([["no failure", "comp1", at(3)]]);
  });

  it("is open until somebody compared all of its hours", () => {
    expect(fates([point(19, 0.6)], [])).toEqual([["open", "comp1", at(19)]]);
    expect(fates([point(3, 0.6)], [], [])).toEqual([["open", "comp1", at(3)]]);
  });

  it("is told of a failure as well that no alert announced, where there were points", () => {
    const failures = [{ target: "comp1", at: at(4) }, { target: "comp1", at: at(12) }]; // prettier-ignore

    expect(fates([point(2, 0.1), point(3, 0.4)], failures)).toEqual([["not announced", "comp1", at(4)]]);
  });
});

describe("a sensor beside its normal", () => {
  const sensor = { name: "volt", unit: "V", mean: 170, sd: 10, points: [160, null, 170, 195] };

  it("is told by the mean of its last day", () => {
    expect(told(sensor, 86_400)).toBe("195 V in the last day, 25 above its normal (2.5 sd)");
    expect(told(sensor, 43_200)).toBe("183 V in the last day, 12.5 above its normal (1.3 sd)");
    expect(told({ ...sensor, points: [160, null] }, 86_400)).toBe("no reading in the last day");
    expect(told({ ...sensor, unit: "", mean: null, sd: null }, 86_400)).toBe("195 in the last day");
    expect(deviation({ ...sensor, sd: 0 }, 86_400)).toBe(0);
  });

  it("has its band in the picture, and a gap where nothing was read", () => {
    const [low, high] = rangeOf(sensor);

    expect([low < 150, high > 195]).toEqual([true, true]);
    expect(stretches(sensor.points)).toEqual([[[0, 160]], [[2, 170], [3, 195]]]); // prettier-ignore
    expect(rangeOf({ ...sensor, mean: null, sd: null, points: [null] })).toEqual([0, 1]);
  });
});

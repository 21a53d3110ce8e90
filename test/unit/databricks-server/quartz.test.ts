import { parseQuartz } from "../../../local/databricks/server/quartz";

/** The first occurrences after a time, in ISO form without milliseconds. */
function occurrences(expression: string, zone: string, after: string, count: number): string[] {
  const { next } = parseQuartz(expression, zone);
  const found: string[] = [];
  for (let at = next(Date.parse(after)); at !== undefined && found.length < count; at = next(at))
    found.push(new Date(at).toISOString().slice(0, 19));
  return found;
}

describe("a Quartz expression", () => {
  it.each<[string, string, string, string[]]>([
    // 2026-01-01 is a Thursday.
    ["0 0 9 * * ?", "UTC", "every day", ["2026-01-01T09:00:00", "2026-01-02T09:00:00"]],
    ["0 0/15 9 * * ?", "UTC", "a step from a value", ["2026-01-01T09:00:00", "2026-01-01T09:15:00"]],
    ["30 */20 9 ? * *", "UTC", "a step from the start", ["2026-01-01T09:00:30", "2026-01-01T09:20:30"]],
    ["0 0 22-1 ? * *", "UTC", "a range over the end", ["2026-01-01T01:00:00", "2026-01-01T22:00:00"]],
    ["0 0 6 ? * 1", "UTC", "1 is Sunday", ["2026-01-04T06:00:00", "2026-01-11T06:00:00"]],
    ["0 0 6 ? * MON-WED", "UTC", "days by name", ["2026-01-05T06:00:00", "2026-01-06T06:00:00"]],
    ["0 0 6 ? * SAT-MON", "UTC", "days over the end of a week", ["2026-01-03T06:00:00", "2026-01-04T06:00:00"]],
    ["0 0 6 ? * 6L", "UTC", "the last Friday", ["2026-01-30T06:00:00", "2026-02-27T06:00:00"]],
    ["0 0 6 ? * MON#2", "UTC", "the second Monday", ["2026-01-12T06:00:00", "2026-02-09T06:00:00"]],
    ["0 0 6 L * ?", "UTC", "the last day", ["2026-01-31T06:00:00", "2026-02-28T06:00:00"]],
    ["0 0 6 LW * ?", "UTC", "the last weekday", ["2026-01-30T06:00:00", "2026-02-27T06:00:00"]],
    ["0 0 6 31W * ?", "UTC", "the weekday nearest to a day", ["2026-01-30T06:00:00", "2026-03-31T06:00:00"]],
    ["0 0 6 1 jan,JUL ?", "UTC", "months by name", ["2026-01-01T06:00:00", "2026-07-01T06:00:00"]],
    ["0 0 6 1 1 ? 2027-2028", "UTC", "years", ["2027-01-01T06:00:00", "2028-01-01T06:00:00"]],
    ["0 0 9 * * ?", "Europe/Berlin", "a time zone", ["2026-01-01T08:00:00", "2026-01-02T08:00:00"]],
    ["0 0 9 * * ?", "GMT+5:30", "an offset as Java writes it", ["2026-01-01T03:30:00", "2026-01-02T03:30:00"]],
  ])("%s in %s: %s", (expression, zone, _what, wanted) => {
    expect(occurrences(expression, zone, "2026-01-01T00:00:00Z", 2)).toEqual(wanted);
  });

  it("keeps the hour of the day when the clocks change", () => {
    expect(occurrences("0 0 9 * * ?", "Europe/Berlin", "2026-03-28T00:00:00Z", 2)).toEqual([
      "2026-03-28T08:00:00",
      "2026-03-29T07:00:00",
    ]);
  });

  it.each([
    ["", /found 0/],
    ["0 0 9 ? * ?", /exactly one of day of month and day of week/],
    ["0 0 24 * * ?", /hours "24"/],
    ["0 0 9 0 * ?", /day of month "0"/],
    ["0 0 9 ? * 8", /day of week "8"/],
    ["0 0 9 ? * MON#6", /#1 to #5/],
    ["0 0 9 L-3 * ?", /not served/],
    ["0 0/0 9 * * ?", /step/],
    ["0 0 9 * FOO ?", /month "FOO"/],
    ["0 0 9 1-2-3 * ?", /is not valid/],
    ["0 0 9 * * ? 1900", /year "1900"/],
  ])("%j is refused", (expression, message) => {
    expect(() => parseQuartz(expression, "UTC")).toThrow(message);
  });
});

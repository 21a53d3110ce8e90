import { parseBlobPath } from "../../../local/functions-host/triggers/blob-path";
import { parseSchedule } from "../../../local/functions-host/triggers/schedule";

describe("blob paths", () => {
  test.each([
    ["c/{name}", "a/b.csv", { name: "a/b.csv" }],
    ["c/{name}.{ext}", "a.b.csv", { name: "a.b", ext: "csv" }],
    ["c/in-{name}", "in-x", { name: "x" }],
    ["c/{{x}}/{name}", "{x}/y", { name: "y" }],
    ["c", "anything/at all", {}],
    ["c/a+b.csv", "a+b.csv", {}],
  ])("%s fits %s", (path, blob, expected) => {
    expect(parseBlobPath(path).match(blob)).toEqual(expected);
  });

  test.each([
    ["c/in-{name}", "out-x"],
    ["c/a.csv", "aXcsv"],
    ["c/{name}.csv", ".csv"],
  ])("%s does not fit %s", (path, blob) => {
    expect(parseBlobPath(path).match(blob)).toBeUndefined();
  });

  test("the container is a name", () => {
    expect(parseBlobPath("Drops/{name}").container).toBe("drops");
    expect(() => parseBlobPath("{c}/{name}")).toThrow(
      'blob path "{c}/{name}": the container must be a name, not a parameter',
    );
    expect(() => parseBlobPath("c/{name")).toThrow('unbalanced "{"');
  });
});

describe("schedules", () => {
  const at = (text: string): number => new Date(text).getTime();

  test.each([
    ["0 30 6 * * *", "2026-03-01T07:00:00", "2026-03-02T06:30:00"],
    ["30 6 * * *", "2026-03-01T06:00:00", "2026-03-01T06:30:00"],
    ["*/15 * * * * *", "2026-03-01T06:00:01", "2026-03-01T06:00:15"],
    ["0 0 9 * * MON", "2026-03-01T00:00:00", "2026-03-02T09:00:00"],
    // Day of month AND day of week, as NCRONTAB has it: the first Friday the 13th.
    ["0 0 0 13 * FRI", "2026-01-01T00:00:00", "2026-02-13T00:00:00"],
  ])("%s after %s", (expression, after, expected) => {
    expect(new Date(parseSchedule(expression, "f").next(at(after)) ?? 0)).toEqual(new Date(expected));
  });

  test("a constant interval", () => {
    expect(parseSchedule("00:05:00", "f").next(1000)).toBe(301_000);
    expect(parseSchedule("00:00:30", "f").frequent).toBe(true);
    expect(() => parseSchedule("00:00:00", "f")).toThrow("must be longer than zero");
  });

  test("a schedule that is wrong is named with its function", () => {
    expect(() => parseSchedule("61 * * * * *", "nightly")).toThrow(
      'timer function nightly: schedule "61 * * * * *" is not valid NCRONTAB',
    );
  });
});

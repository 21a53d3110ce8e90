import {
  dueOccurrence,
  lastOccurrence,
  occurrencesBetween,
  scheduleFault,
  timerExpression,
  timeZoneFault,
} from "../../../src/domain/schedule";

const utc = (expression: string) => ({ expression, timeZone: "UTC" });
const berlin = (expression: string) => ({ expression, timeZone: "Europe/Berlin" });
const NIGHTLY = utc("0 30 6 * * *");
const AT = new Date("2015-11-16T06:30:00Z");

describe("schedules", () => {
  it("name the occurrence that is due, also when the timer is a moment late", () => {
    expect(lastOccurrence(NIGHTLY, AT)).toEqual(AT);
    expect(lastOccurrence(NIGHTLY, new Date("2015-11-17T06:29:59Z"))).toEqual(AT);
  });

  it("list what was missed, oldest first, and of too many the newest", () => {
    const after = new Date("2015-11-13T12:00:00Z");

    const all = occurrencesBetween(NIGHTLY, after, AT, 10);

    expect(all.map((at) => at.getUTCDate())).toEqual([14, 15, 16]);
    expect(occurrencesBetween(NIGHTLY, after, AT, 2).map((at) => at.getUTCDate())).toEqual([15, 16]);
  });

  it("take day of month and day of week together, as the host does", () => {
    expect(lastOccurrence(utc("0 0 0 13 * 5"), new Date("2015-12-31T00:00:00Z"))).toEqual(
      new Date("2015-11-13T00:00:00Z"),
    );
  });

  it("refuse five fields and words", () => {
    expect(scheduleFault("30 6 * * *")).not.toBeNull();
    expect(scheduleFault("every day")).not.toBeNull();
    expect(scheduleFault("0 30 6 * * *")).toBeNull();
  });
});

describe("a schedule in a zone", () => {
  const days = (schedule: Parameters<typeof occurrencesBetween>[0], from: string, until: string) =>
    occurrencesBetween(schedule, new Date(from), new Date(until), 50).map((at) => at.toISOString().slice(0, 16));

  it("keeps its local time through the year", () => {
    expect(lastOccurrence(berlin("0 30 6 * * *"), new Date("2026-01-10T12:00:00Z"))).toEqual(
      new Date("2026-01-10T05:30:00Z"),
    );
    expect(lastOccurrence(berlin("0 30 6 * * *"), new Date("2026-07-10T12:00:00Z"))).toEqual(
      new Date("2026-07-10T04:30:00Z"),
    );
  });

  it("occurs once on the day that skips its hour, as soon as there is a time again", () => {
    expect(days(berlin("0 30 2 * * *"), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z")).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
  });

  it("occurs once on the day that has its hour twice, the first time", () => {
    expect(days(berlin("0 30 2 * * *"), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z")).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("occurs in every hour that there is, 23 or 25 a day", () => {
    expect(days(berlin("0 0 * * * *"), "2026-03-28T22:30:00Z", "2026-03-29T21:30:00Z")).toHaveLength(23);
    expect(days(berlin("0 0 * * * *"), "2026-10-24T21:30:00Z", "2026-10-25T22:30:00Z")).toHaveLength(25);
  });

  it("is due when the host's timer, which knows no zone, fires at its minute, and only then", () => {
    const schedule = berlin("15 30 6 * * *");
    const firing = (at: string) => dueOccurrence(schedule, new Date(at))?.toISOString() ?? null;

    expect(timerExpression(schedule)).toBe("15 * * * * *");
    expect(timerExpression(NIGHTLY)).toBe("0 30 6 * * *");
    expect(firing("2026-07-10T04:30:15Z")).toBe("2026-07-10T04:30:15.000Z");
    expect(firing("2026-07-10T04:29:15Z")).toBeNull();
    expect(firing("2026-07-10T06:30:15Z")).toBeNull();
    expect(dueOccurrence(NIGHTLY, new Date("2026-07-10T12:00:00Z"))).not.toBeNull();
  });

  it("refuses what is no name of a zone", () => {
    expect(["Europe/Berlin", "UTC", "Asia/Kolkata"].map(timeZoneFault)).toEqual([null, null, null]);
    expect(["Mars/One", "+01:00", "CET", ""].map((name) => timeZoneFault(name) === null)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

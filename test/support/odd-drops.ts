import { gzipSync } from "node:zlib";

/** One drop and what must become of it. */
export interface OddDrop {
  readonly path: string;
  readonly content: string | Buffer;
  /** Voltages of its rows in the table, in order. */
  readonly stored?: readonly number[];
  /** Rules that its rows, or the file itself, broke: one for each entry in quarantine. */
  readonly rejected?: readonly string[];
  /** Whether it covers the span that its name stands for; null when it never reached the tables. */
  readonly covers: boolean | null;
  readonly archived?: boolean;
}

const HEADER = "datetime,machineID,volt,rotate,pressure,vibration";
const hour = (number: number): string => `${String(number).padStart(2, "0")}:00:00`;

/** A reading, whose voltage tells it apart. */
export const reading = (time: string, volt: number | string, machine = 1): string =>
  `${time},${machine},${volt},450.25,100.5,40.125`;
export const telemetry = (...lines: readonly string[]): string => `${[HEADER, ...lines].join("\r\n")}\r\n`;
export const machines = (...ids: readonly number[]): string =>
  ["machineID,model,age", ...ids.map((id) => `${id},model1,${id}`), ""].join("\n");
/** The readings of a day from seven in the morning before to six; `voltage` is that of all. */
export const wholeDay = (day: string, voltage: number, ...ids: readonly number[]): string => {
  const start = Date.parse(`${day}T06:00:00Z`) - 86_400_000;
  const times = Array.from({ length: 24 }, (_, index) => new Date(start + (index + 1) * 3_600_000).toISOString());
  return telemetry(...ids.flatMap((id) => times.map((time) => reading(time.slice(0, 19), voltage, id))));
};

let voltage = 100;
/** A sound file under some name: one reading on a day, with a voltage that no other file has. */
function named(path: string, day: string, at = 1): OddDrop {
  voltage += 1;
  return { path, content: telemetry(reading(`${day} ${hour(at)}`, voltage)), stored: [voltage], covers: true };
}
const good = (day: string, at = 1): OddDrop => named(`telemetry/${day}.csv`, day, at);
const setAside = (path: string, content: string | Buffer, rule: string): OddDrop => ({
  ...{ path, content, rejected: [rule], covers: false },
});
/** A file of which no row can be read. */
const rows = (day: string, rule: string, lines: readonly string[]): OddDrop => ({
  ...{ path: `telemetry/${day}.csv`, content: telemetry(...lines), rejected: lines.map(() => rule), covers: false },
});
const empty = (path: string): OddDrop => ({ path, content: "datetime,machineID,comp\r\n", covers: true });

const packed = gzipSync(telemetry(reading("2015-12-29 01:00:00", 170)));
const semicolons = telemetry(reading("2015-11-07 07:00:00", 161.5)).replaceAll(",", ";").replaceAll(".", ",");
const wrongNumbers = ["98F", "180d", "0x1.0p7"].map((volt, at) => reading(`2015-11-08 ${hour(7 + at)}`, volt));
const wrongTimes = ["2015-11-09 12:00:00 BST", "2015-11-09 12:00:00 AST", "T01:00:00.0000000", "01:00:00.0000000Z"];
const distant = ["0001-01-01 00:00:00", "0000-01-01 00:00:00"].map((time) => reading(time, 102));

/** What made a batch fail, was read as another value, or was believed though it cannot be; among files that are sound. */
export const ODD_DROPS: Readonly<Record<string, readonly OddDrop[]>> = {
  "names that Spark hides": [
    // Such a name gives no day.
    { ...named("telemetry/_2015-12-14.csv", "2015-12-14"), covers: false },
    named("telemetry/.line/2015-12-15.csv", "2015-12-15"),
    good("2015-12-15", 2),
  ],
  "names that are patterns": [
    named("telemetry/line[1]/2015-12-16.csv", "2015-12-16"),
    named("telemetry/line?/2015-12-17.csv", "2015-12-17"),
    named("telemetry/lineA/2015-12-17.csv", "2015-12-17", 2),
    named("telemetry/{a,b}/2015-12-18.csv", "2015-12-18"),
    named("telemetry/*/2015-12-19.csv", "2015-12-19"),
    good("2015-12-20"),
  ],
  "a colon, a percent sign, other alphabets": [
    named("telemetry/12:30/2015-12-21.csv", "2015-12-21"),
    named("telemetry/100% %41 été 温度/2015-12-24.csv", "2015-12-24"),
  ],
  "two names that differ by a slash": [named("telemetry//2015-12-22.csv", "2015-12-22"), good("2015-12-22", 3)],
  "a file and a folder of one name": [empty("maint/2015-12-23.csv"), empty("maint/2015-12-23.csv/2015-12-24.csv")],
  "a part of 400 characters": [named(`telemetry/${"x".repeat(400)}/2015-12-25.csv`, "2015-12-25")],
  "the archive tier": [
    { path: "telemetry/2015-12-27.csv", content: telemetry("never read"), covers: null, archived: true },
    good("2015-12-28"),
  ],
  "zeros behind the end of a packed file": [
    setAside("telemetry/2015-12-29.csv.gz", Buffer.concat([packed, Buffer.alloc(20)]), "trailing_bytes"),
    good("2015-12-30"),
  ],
  "a name that covers time to come": [
    setAside(
      "telemetry/2015-11-03_2051-11-04.csv",
      telemetry(reading("2015-11-03 01:00:00", 103)),
      "name_after_delivery",
    ),
  ],
  "a name of before the fleet's time": [
    setAside("telemetry/0001-01-01.csv", telemetry(reading("2015-11-03 02:00:00", 104)), "name_before_start"),
  ],
  "a file of which every row is rejected": [setAside("telemetry/2015-11-08.csv", semicolons, "wrong_type:volt")],
  "numbers with a suffix": [rows("2015-11-09", "wrong_type:volt", wrongNumbers)],
  "ambiguous zones and times without a date": [
    rows(
      "2015-11-10",
      "wrong_type:ts",
      wrongTimes.map((time) => reading(time, 110)),
    ),
  ],
  "times of long ago": [
    rows("2016-01-02", "out_of_range:ts", distant),
    setAside("maint/2016-01-05.csv", "datetime,machineID,comp\r\n1970-01-01 00:00:00,1,comp1\r\n", "out_of_range:ts"),
  ],
};

import { Cron } from "croner";
import { rememberOccurrences, type CronMethods } from "../../../local/fault-simulator/world/occurrences";
import { Chance } from "../../../local/fault-simulator/kernel/chance";

const START = Date.parse("2026-03-28T12:00:00.000Z");

const plain = (expression: string, timezone: string): Cron =>
  new Cron(expression, { timezone, domAndDow: true, mode: "6-part", paused: true });

/** The same, with memory. */
function remembering(expression: string, timezone: string): Cron {
  const methods = Object.create(Cron.prototype) as CronMethods;
  rememberOccurrences(methods);
  return Object.setPrototypeOf(plain(expression, timezone), methods) as Cron;
}

describe("remembered occurrences are the library's own", () => {
  // The second zone changes its clock in the night of the 29th.
  it.each([
    ["0 0 */2 * * *", "UTC"],
    ["0 30 1,2,3 * * *", "Europe/Berlin"],
    ["0 0 6 * * 1", "UTC"],
    ["*/40 * * * * *", "UTC"],
  ])("%s in %s", (expression, zone) => {
    const [reader, memory] = [plain(expression, zone), remembering(expression, zone)];
    const chance = new Chance(1);
    for (let ask = 0; ask < 500; ask += 1) {
      // Whole minutes as well: there an occurrence is asked for at its own moment.
      const at = START + (chance.happens(0.5) ? chance.whole(0, 2_000) * 60_000 : chance.whole(0, 120_000_000));
      const count = chance.pick([1, 10]);
      const asked = `at ${new Date(at).toISOString()}`;
      expect([asked, memory.nextRun(new Date(at))]).toEqual([asked, reader.nextRun(new Date(at))]);
      expect([asked, memory.previousRuns(count, new Date(at))]).toEqual([
        asked,
        reader.previousRuns(count, new Date(at)),
      ]);
    }
  });
});

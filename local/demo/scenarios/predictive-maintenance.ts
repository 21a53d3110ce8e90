import { join } from "node:path";
import { REPO_ROOT } from "../../paths";
import { daysAfter } from "./calendar";
import type { DemoScenario } from "./scenario";

/** The shipped scenario. */
export const predictiveMaintenance: DemoScenario = {
  pipelinesDir: join(REPO_ROOT, "pipelines"),
  pipelines: { scoring: "scoring", training: "training", monitoring: "monitoring" },
  entities: "machines",
  afterPoints: "06:30",
  historyInOneFile: true,
  /** Months to learn from (seven, with real events all ten), a month that no training sees, then single days. */
  calendar: ({ days, events }) => ({
    first: events === undefined ? "2015-04-01" : "2015-01-01",
    trainingEnd: "2015-10-31",
    historyEnd: "2015-12-01",
    unseen: "A month",
    days: daysAfter("2015-12-01", days),
  }),
  simulator: ({ size, seed, events }, { first, historyEnd, days }) => [
    ...["--machines", String(size), "--seed", String(seed), "--start", first],
    ...["--quiet", "--end", days.at(-1) ?? historyEnd, "--history-until", historyEnd],
    ...(events === undefined ? [] : ["--events", events]),
  ],
  report: {
    entity: ["machineId", "machine"],
    target: ["component", "part"],
    risk: [48, "48 hours"],
    judged: [[24, "24 h"]],
    rule: "the announcing error codes",
    leastF1: 0.9,
  },
};

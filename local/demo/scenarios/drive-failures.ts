import { join } from "node:path";
import { REPO_ROOT } from "../../paths";
import { daysAfter } from "./calendar";
import type { DemoScenario } from "./scenario";

/** The second scenario, of `examples/`. */
export const driveFailures: DemoScenario = {
  pipelinesDir: join(REPO_ROOT, "examples", "drive_failures", "pipelines"),
  pipelines: {
    scoring: "drive-failures-scoring",
    training: "drive-failures-training",
    monitoring: "drive-failures-monitoring",
  },
  entities: "drives",
  afterPoints: "00:30",
  historyInOneFile: false,
  /** Fourteen months to learn from, three that no training sees, since failures are rare, then single days. */
  calendar: ({ days }) => ({
    first: "2023-07-01",
    trainingEnd: "2024-08-31",
    historyEnd: "2024-12-01",
    unseen: "Three months",
    days: daysAfter("2024-12-01", days),
  }),
  simulator: ({ size, seed }, { first, historyEnd, days }) => [
    ...["--scenario", "drive_failures", "--drives", String(size), "--seed", String(seed), "--start", first],
    ...["--quiet", "--end", days.at(-1) ?? historyEnd, "--history-until", historyEnd],
  ],
  report: {
    entity: ["serialNumber", "drive"],
    target: ["part", null],
    risk: [168, "7 days"],
    judged: [
      [168, "7 days"],
      [720, "30 days"],
    ],
    rule: "any critical counter above zero",
    leastF1: 0.3,
  },
};

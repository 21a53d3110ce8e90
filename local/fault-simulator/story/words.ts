import type { Violation } from "../kernel/kernel";
import type { Happening, Trace } from "../kernel/trace";
import type { Plan } from "../world/plan";

const MAX_LINES = 60;

/** What of a shrunk schedule had to stay for the rule to break. */
export function ingredients(plan: Plan): string[] {
  const rates = Object.entries(plan.wire).flatMap(([port, faults]) =>
    Object.entries(faults).map(([fault, rate]) => `${port} calls ${fault} ${percent(rate)}`),
  );
  const answers = Object.entries(plan.answers).flatMap(([fault, rate]) =>
    rate > 0 ? [`Databricks answers ${fault} ${percent(rate)}`] : [],
  );
  const habits = [
    plan.twice > 0 ? `activities run twice ${percent(plan.twice)}` : "",
    plan.badEndings > 0 ? `Databricks runs end badly ${percent(plan.badEndings)}` : "",
    plan.slowRuns > 0 ? `Databricks runs are slow ${percent(plan.slowRuns)}` : "",
    plan.oddWords > 0 ? `Databricks uses unknown states ${percent(plan.oddWords)}` : "",
    plan.lags ? "reads of Databricks lag" : "",
    plan.listsParameters ? "" : "runs/list leaves out job parameters",
    plan.timerLost > 0 ? `timers are lost ${percent(plan.timerLost)}` : "",
    plan.timerTwice > 0 ? `timers fire twice ${percent(plan.timerTwice)}` : "",
  ].filter(Boolean);
  return [
    ...plan.items.map(({ after, ...item }) => `${clock(after)} ${JSON.stringify(item)}`),
    ...rates,
    ...answers,
    ...habits,
  ];
}

const percent = (rate: number): string => `(${(rate * 100).toFixed(1)} %)`;
const clock = (ms: number): string =>
  `+${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

/** The story of one violation in words: who did what when, up to the moment at which the rule broke. */
export function story(trace: Trace, violation: Violation, startsAt: number): string[] {
  const until = trace.happenings.findIndex((one) => one.weight === "violation" && one.detail === violation.message);
  const before = trace.happenings.slice(0, until < 0 ? undefined : until + 1).filter(told);
  const lines = before.map(
    (one) => `${clock(one.at - startsAt)} ${one.who}: ${one.what}${one.detail ? ` (${one.detail.slice(0, 160)})` : ""}`,
  );
  return lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, 15), `... ${lines.length - MAX_LINES} more ...`, ...lines.slice(-(MAX_LINES - 15))];
}

function told({ weight, what }: Happening): boolean {
  return weight !== "plain" || /^log (warn|error)/.test(what);
}

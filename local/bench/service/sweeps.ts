import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "./bars";
import type { ServiceStack } from "./service-stack";

const PASSES = 7;
const PASS_SECONDS = 600;
/** In every so many minutes the sweeper also asks Databricks: such a minute is no measure of the others. */
const SLOW_EVERY_MINUTES = 5;
const FIRST_SECONDS_OF_A_MINUTE = 30;

const EXECUTED = /Executed 'Functions\.sweeper' \((\w+)/g;

/** Passes that have ended so far. @throws Error when one of them failed */
function passesOf(output: string): number {
  const results = [...output.matchAll(EXECUTED)].map(([, result]) => result);
  if (results.some((result) => result !== "Succeeded"))
    throw new Error(`a pass of the sweeper failed\n${output.slice(-4000)}`);
  return results.length;
}

/** As after an hour without news, when a whole scan has compared everything. The place of the listing stays. */
async function rest({ ledger }: ServiceStack, round: number): Promise<void> {
  const before = await ledger.cursors.get("scan|drops");
  const from = typeof before?.["from"] === "string" ? before["from"] : "";
  const known = new Date(Date.now() + 3_600_000).toISOString();
  await ledger.cursors.set("scan|drops", { from, done: 0, round, startedAt: new Date().toISOString(), known });
}

async function untilQuickMinute(): Promise<void> {
  const isQuick = (now: Date): boolean =>
    now.getUTCMinutes() % SLOW_EVERY_MINUTES !== 0 && now.getUTCSeconds() < FIRST_SECONDS_OF_A_MINUTE;
  while (!isQuick(new Date())) await pause(500);
}

/** Storage calls of one pass of the sweeper over a ledger at rest: the median of some. */
export async function sweeperCalls(stack: ServiceStack): Promise<number> {
  const calls: number[] = [];
  for (let pass = 0; pass <= PASSES; pass += 1) {
    await rest(stack, pass);
    await untilQuickMinute();
    stack.resetCounts();
    const before = passesOf(stack.host.output());
    await stack.call("POST", "admin/functions/sweeper", {});
    await stack.until("the end of the sweeper", PASS_SECONDS, () =>
      Promise.resolve(passesOf(stack.host.output()) > before ? true : null),
    );
    // The first pass of a process makes tables and asks who owns them.
    if (pass > 0) calls.push(stack.counts().calls);
  }
  return quantile(calls, 0.5);
}

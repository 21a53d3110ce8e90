import { Chance } from "../kernel/chance";
import type { PersonAnswer } from "./host";
import { isClosedRun, slotsOf, textOf } from "./ledger-view";
import type { World } from "./world";

/** The verbs that people use on runs and pipelines. */
export const VERBS = [
  "pause",
  "resume",
  "hurry",
  "rerun",
  "settle",
  "abandon",
  "releaseSlot",
  "retryAll",
  "cancelAll",
  "backfill",
] as const;
export type Verb = (typeof VERBS)[number];

/** One use of a verb; `nth` chooses the run. */
export interface VerbItem {
  readonly after: number;
  readonly kind: "verb";
  readonly verb: Verb;
  readonly nth: number;
}

/** Calls an operation of the app; null while no host is up. */
export type CallApp = (
  name: string,
  method: string,
  path: string,
  params: Record<string, string>,
  body?: unknown,
) => Promise<PersonAnswer | null>;

/** Uses of verbs in a schedule. They have chance of their own, so that what else a seed decides stays as it was. */
export function verbItems(seed: number, lengthMs: number): VerbItem[] {
  const chance = new Chance(seed, "verbs");
  if (chance.happens(0.5)) return [];
  const uses = chance.whole(1, 5);
  return Array.from({ length: uses }, () => ({
    after: Math.floor(chance.next() * lengthMs),
    kind: "verb",
    verb: chance.pick(VERBS),
    nth: chance.whole(0, 5),
  }));
}

const PIPELINE = "scoring";
const reason = "the shift leader said so";
/** A request that was under way when a pause was answered may still become a run within this time. */
const UNDER_WAY_MS = 10 * 60_000;

/** People on duty: they pause, hurry, settle and backfill whenever they like. */
export class Operators {
  /** Also by a pause whose answer was lost. */
  private everPaused = false;
  /** From the answer of a pause to the request that ended it. */
  private readonly pauses: { readonly from: number; until: number }[] = [];

  constructor(
    private readonly world: World,
    private readonly call: CallApp,
  ) {}

  act({ verb, nth }: VerbItem): void {
    void this.use(verb, nth);
  }

  /** Ends every pause, once faults are over: what waits has to come to its end. */
  resume(): void {
    if (!this.everPaused) return;
    for (const pause of this.pauses) pause.until = Math.min(pause.until, this.world.kernel.now);
    void this.call("resumePipeline", "POST", `/v1/pipelines/${PIPELINE}/resume`, { pipeline: PIPELINE }, { reason });
  }

  /** No run begins by itself while its pipeline is paused; no backfill is left open. */
  check(): void {
    const { kernel, watch, tables } = this.world;
    for (const row of watch.view.runs.values()) {
      if (row.partitionKey !== PIPELINE || !["schedule", "drops"].includes(textOf(row, "reason"))) continue;
      const at = Date.parse(textOf(row, "createdAt"));
      if (this.pauses.some(({ from, until }) => at > from + UNDER_WAY_MS && at < until))
        kernel.violate("PAUSE", "started-while-paused", `${textOf(row, "runId")} began by itself during a pause`);
    }
    for (const table of tables.values())
      for (const { partitionKey, rowKey } of table.all())
        if (partitionKey === "backfills|" && rowKey.startsWith("open|"))
          kernel.violate("I12", "backfill-never-ends", `${rowKey} hours after the last fault`);
  }

  private async use(verb: Verb, nth: number): Promise<void> {
    const { kernel } = this.world;
    const runId = this.run(nth, verb === "rerun");
    switch (verb) {
      case "pause": {
        this.everPaused = true;
        const answer = await this.onPipeline("pausePipeline", "pause", { reason });
        if (answer?.status === 200) this.pauses.push({ from: kernel.now, until: Number.POSITIVE_INFINITY });
        return;
      }
      case "resume":
        this.resume();
        return;
      case "hurry":
      case "rerun":
        await this.onRun(verb === "hurry" ? "hurryRun" : "rerunRun", runId, verb, { reason });
        return;
      case "settle":
        await this.onRun("settleDatabricksRuns", runId, verb, { reason });
        return;
      case "abandon":
        await this.onRun("abandonRun", runId, verb, { reason });
        return;
      case "releaseSlot": {
        const held = slotsOf(this.world.tables.values()).filter(({ holder }) => holder !== "");
        const slot = held[nth % Math.max(1, held.length)];
        if (!slot) return;
        const body = { reason, holder: slot.holder.replace(/-a\d+$/, "") };
        await this.call("releaseGroupSlot", "POST", `/v1/slots/${slot.group}/release`, { group: slot.group }, body);
        return;
      }
      case "retryAll":
      case "cancelAll": {
        const action = verb === "retryAll" ? "retry" : "cancel";
        const path = `/v1/run-actions/${action}`;
        const plan = await this.call("planRunAction", "GET", `${path}?pipeline=${PIPELINE}`, { action });
        if (plan?.status !== 200) return;
        const { hash } = JSON.parse(plan.body) as { hash: string };
        await this.call("applyRunAction", "POST", path, { action }, { pipeline: PIPELINE, hash, reason });
        return;
      }
      case "backfill": {
        const asked = { from: "2026-02-20T00:00:00Z", to: "2026-02-25T00:00:00Z", windowHours: 48 };
        const query = `?from=${asked.from}&to=${asked.to}&windowHours=48&reprocess=completed`;
        const params = { pipeline: PIPELINE };
        const path = `/v1/pipelines/${PIPELINE}`;
        const plan = await this.call("planBackfill", "GET", `${path}/backfill-plan${query}`, params);
        if (plan?.status !== 200) return;
        const { hash, count } = JSON.parse(plan.body) as { hash: string; count: number };
        const body = { ...asked, reprocess: "completed", hash, reason };
        if (count > 0) await this.call("startBackfill", "POST", `${path}/backfills`, params, body);
        return;
      }
    }
  }

  private run(nth: number, closed: boolean): string {
    const rows = [...this.world.watch.view.runs.values()].filter((row) => isClosedRun(row) === closed);
    const row = rows[nth % Math.max(1, rows.length)];
    return row ? textOf(row, "runId") : "";
  }

  private async onRun(name: string, runId: string, path: string, body: unknown): Promise<PersonAnswer | null> {
    return runId === "" ? null : this.call(name, "POST", `/v1/runs/${runId}/${path}`, { runId }, body);
  }

  private async onPipeline(name: string, path: string, body: unknown): Promise<PersonAnswer | null> {
    return this.call(name, "POST", `/v1/pipelines/${PIPELINE}/${path}`, { pipeline: PIPELINE }, body);
  }
}

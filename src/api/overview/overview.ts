import { nextOccurrence } from "../../domain/schedule";
import { isClosed, type RunRecord } from "../../domain/run";
import { inParallel } from "../../ledger/parallel";
import type { Delivery } from "../../ledger/quarantine-store";
import type { RunRequests } from "../../ledger/run-requests";
import type { PipelineSummary } from "../pipelines/views";
import { needsOf } from "./needs";
import { nightOf } from "./nights";
import type { OverviewView } from "./schemas";

/** What the overview is made of. */
export interface OverviewDeps {
  readonly runs: RunRequests;
  /** Releases from quarantine whose drop is not there yet. */
  readonly undelivered: (pipeline: string) => Promise<readonly Delivery[]>;
  readonly pipelines: ReadonlyMap<string, PipelineSummary>;
  readonly now: () => Date;
}

/** Runs looked at, of each pipeline. */
const RECENT = 60;
const NIGHTS = 30;
/** Drops are counted so far; what is more is only said. */
const MOST_COUNTED = 200;
const PARALLEL = 12;
/** Ended runs that are kept in memory with their steps. */
const KEPT = 500;

type Overview = () => Promise<OverviewView>;

/** Reads what the overview shows. The steps of an ended run are read once: they change only with its row. */
export function createOverview({ runs, undelivered, pipelines, now }: OverviewDeps): Overview {
  const ended = new Map<string, RunRecord>();

  async function withSteps(run: RunRecord): Promise<RunRecord> {
    const key = `${run.runId}|${run.attempt}|${run.state}`;
    const known = ended.get(key);
    if (known) return known;
    const found = (await runs.getRun(run.runId)) ?? run;
    if (!isClosed(found.state) || found.steps.some(isUnproven)) return found;
    ended.set(key, found);
    const [oldest] = ended.keys();
    if (ended.size > KEPT && oldest !== undefined) ended.delete(oldest);
    return found;
  }

  return async () => {
    const names = await runs.pipelines();
    const [recent, waiting] = await Promise.all([
      Promise.all(names.map(async (pipeline) => (await runs.listRuns({ pipeline, top: RECENT })).items)),
      Promise.all(names.map(async (name) => waitingOf(name))),
    ]);
    const newest = recent.flat().sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    const main = mainPipeline(pipelines);
    const shown = newest.filter((run) => run.pipeline === main).slice(0, NIGHTS);
    const telling = new Set([...shown, ...newest.filter(({ state }) => state === "failed" || !isClosed(state))]);
    const full = await inParallel([...telling], PARALLEL, withSteps);
    const byId = new Map(full.map((run) => [run.runId, run]));
    const nights = shown.map((run) => byId.get(run.runId) ?? run);
    return {
      pipelines: waiting.map(({ quarantined: _quarantined, releases: _releases, ...pipeline }) => pipeline),
      open: full.filter(({ state }) => !isClosed(state)).map(openOf),
      ...told(nights),
      nights: nights.toReversed().map(nightOf),
      needs: needsOf(
        newest.map((run) => byId.get(run.runId) ?? run),
        waiting,
        new Set(pipelines.keys()),
      ),
    };
  };

  async function waitingOf(name: string) {
    const definition = pipelines.get(name);
    const of = async (state: "pending" | "quarantined") => runs.listDrops({ pipeline: name, state, top: MOST_COUNTED });
    const takesDrops = definition ? definition.drops !== undefined : true;
    const none = { items: [], nextToken: null };
    const [pending, quarantined] = takesDrops ? await Promise.all([of("pending"), of("quarantined")]) : [none, none];
    const releases = await undelivered(name);
    const { schedule: expression, timeZone = "UTC" } = definition ?? {};
    const next = expression === undefined ? null : nextOccurrence({ expression, timeZone }, now());
    return {
      name,
      takesDrops,
      nextAt: next?.toISOString() ?? null,
      pendingDrops: pending.items.length,
      morePending: pending.nextToken !== null,
      quarantined: quarantined.items,
      releases,
    };
  }
}

/** The pipeline whose runs are the nights: the one that takes drops. */
function mainPipeline(pipelines: ReadonlyMap<string, PipelineSummary>): string | undefined {
  const all = [...pipelines.values()];
  return (all.find(({ drops }) => drops !== undefined) ?? all.find(({ schedule }) => schedule !== undefined) ?? all[0])
    ?.name;
}

const isUnproven = ({ generations }: RunRecord["steps"][number]): boolean =>
  generations.some(({ terminal }) => !terminal);

function openOf({ runId, pipeline, state, steps }: RunRecord): OverviewView["open"][number] {
  const at = steps.findIndex((step) => step.state === "running");
  return {
    runId,
    pipeline,
    state,
    step: steps[at]?.name ?? null,
    stepNumber: at + 1,
    steps: Math.max(1, steps.length),
  };
}

/** What the newest steps told of the data and the model. `nights` are newest first. */
function told(nights: readonly RunRecord[]): Pick<OverviewView, "dataUpTo" | "model"> {
  let dataUpTo: OverviewView["dataUpTo"] = null;
  let model: OverviewView["model"] = null;
  for (const { runId, steps } of nights)
    for (const { exit, endedAt } of steps.flatMap(({ generations }) => generations)) {
      if (exit?.watermark && (dataUpTo === null || exit.watermark > dataUpTo.at))
        dataUpTo = { at: exit.watermark, runId };
      if (exit?.model && model === null && endedAt !== null) model = { ...exit.model, at: endedAt, runId };
    }
  return { dataUpTo, model };
}

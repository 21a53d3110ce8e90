import type { DropRecord } from "../../domain/drop";
import { NEEDS } from "../../domain/messages/standing";
import type { Delivery } from "../../ledger/quarantine-store";
import { setAsideId } from "../../domain/quarantine";
import type { RunRecord } from "../../domain/run";
import { retryFault } from "../../domain/run-actions";
import type { OverviewView } from "./schemas";

type Need = OverviewView["needs"][number];
type Found = Omit<Need, "remedy">;

interface Waiting {
  readonly name: string;
  readonly pendingDrops: number;
  readonly quarantined: readonly DropRecord[];
  readonly releases: readonly Delivery[];
}

const MOST = 20;
/** Of a pipeline, so that they hide nothing else. */
const MOST_RELEASES = 5;
/** Failed tries; a fault of a moment is nobody's business. */
const STUCK_AFTER = 2;

/** What only a person can settle. `runs` are newest first, those that failed or are open with their steps. */
export function needsOf(runs: readonly RunRecord[], waiting: readonly Waiting[], defined: ReadonlySet<string>): Need[] {
  const needs = [
    ...runs.flatMap(unproven),
    ...runs.filter((run) => isForAPerson(run, runs)).map(failed),
    ...waiting.flatMap(({ name, quarantined }) => aside(name, quarantined)),
    ...waiting.flatMap(({ name, releases }) => undelivered(name, releases)),
    ...waiting.filter(({ name, pendingDrops }) => pendingDrops > 0 && !defined.has(name)).map(orphaned),
  ];
  const newest = needs.sort((a, b) => b.at.localeCompare(a.at)).slice(0, MOST);
  return newest.map((need) => ({ ...need, remedy: NEEDS[need.kind].remedy }));
}

/** A failed run that can be retried waits for a person while it holds a batch that nobody took over, or as long as no later run of its pipeline did the work. */
function isForAPerson(run: RunRecord, runs: readonly RunRecord[]): boolean {
  if (run.state !== "failed" || retryFault(run) !== null) return false;
  if (run.batch.drops > 0) return true;
  return !runs.some(
    (one) => one.pipeline === run.pipeline && one.state === "succeeded" && one.createdAt > run.createdAt,
  );
}

function failed({ runId, pipeline, endedAt, createdAt, error, batch }: RunRecord): Found {
  const where = error?.step ? ` in ${error.step}` : "";
  const kept = batch.drops > 0 ? `; its batch of ${batch.drops} drops is kept` : "";
  const detail = `${firstLine(error?.message ?? "it failed")}${kept}`;
  return { kind: "failed", pipeline, runId, at: endedAt ?? createdAt, title: `${pipeline} stopped${where}`, detail };
}

function unproven({ runId, pipeline, createdAt, steps }: RunRecord): Found[] {
  return steps.flatMap(({ name, generations }) =>
    generations.flatMap(({ needsPerson, intendedAt }): Found[] =>
      needsPerson === null
        ? []
        : [
            {
              kind: "unproven",
              pipeline,
              runId,
              at: intendedAt || createdAt,
              title: `${pipeline} waits in ${name}`,
              detail: needsPerson,
            },
          ],
    ),
  );
}

function aside(pipeline: string, drops: readonly DropRecord[]): Found[] {
  const last = drops.at(-1);
  if (last === undefined) return [];
  const title = drops.length === 1 ? last.path : `${drops.length} drops, the last ${last.path}`;
  return [
    { kind: "quarantined", pipeline, runId: null, at: last.seenAt, title, detail: last.reason ?? "could not be taken" },
  ];
}

/** Releases that were tried in vain. Each is named, unless there are many. */
function undelivered(pipeline: string, releases: readonly Delivery[]): Found[] {
  const stuck = releases.filter(({ tries }) => tries >= STUCK_AFTER);
  const told = stuck.map(({ runId, path, triedAt, tries, fault }): Found => {
    const detail = `${setAsideId(runId, path)} was tried ${tries} times: ${firstLine(fault ?? "")}`;
    return { kind: "undelivered", pipeline, runId, at: triedAt ?? "", title: `release of ${path}`, detail };
  });
  const last = told[MOST_RELEASES];
  if (last === undefined) return told;
  const title = `${told.length - MOST_RELEASES} more releases, such as the ${last.title}`;
  return [...told.slice(0, MOST_RELEASES), { ...last, runId: null, title }];
}

const orphaned = ({ name, pendingDrops }: Waiting): Found => ({
  kind: "orphaned",
  pipeline: name,
  runId: null,
  at: new Date(0).toISOString(),
  title: `${pendingDrops} drops of ${name}, whose definition is gone`,
  detail: "route them to another pipeline",
});

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;

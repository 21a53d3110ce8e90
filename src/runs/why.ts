import { isFolder } from "../domain/drop";
import type { DropRecord } from "../domain/drop";
import { parseRunId } from "../domain/ids";
import { holdingPause } from "../domain/pause";
import { routeDrop, type PipelineDefinition, type PipelineDefinitions } from "../domain/pipeline-definition";
import { isClosed, type RunRecord } from "../domain/run";
import { runInstanceId } from "../domain/ids";
import {
  dropStory,
  unseenStory,
  type FileOutcome,
  type PendingWait,
  type UnseenBlob,
} from "../domain/story/drop-story";
import { runStory } from "../domain/story/run-story";
import { counted, say, type Sentence } from "../domain/story/sentence";
import type { Ledger } from "../ledger/ledger";
import { withSteps } from "../ledger/run-lists";
import { DeliveryJudge } from "./deliveries";
import type { Predictions } from "./results/predictions";
import { readOutcome } from "./step-outcome";
import { whyEntity } from "./why-entity";

/** What the stories are made from. */
export interface StoryDeps {
  readonly ledger: Ledger;
  readonly definitions: PipelineDefinitions;
}

/** The story of a run or a blob. */
export interface Story {
  readonly subject: { readonly kind: "run" | "blob" | "entity"; readonly id: string };
  readonly sentences: readonly Sentence[];
  /** Runs that it leads to, newest last. */
  readonly runIds: readonly string[];
}

/** Tells why. */
export interface Stories {
  /** The story of a run when the text is the id of one, else of a blob. Null for a run that the ledger does not have. */
  why(subject: string): Promise<Story | null>;
  /** The story of an entity that a pipeline scores, such as a machine. */
  whyEntity(pipeline: string, entity: string): Promise<Story>;
}

/** The stories of this deployment. */
export function createStories(deps: StoryDeps & { readonly predictions: Predictions }): Stories {
  return {
    why: async (subject) => why(deps, subject),
    whyEntity: async (pipeline, entity) => whyEntity(deps, pipeline, entity),
  };
}

/** Stories of older versions of a path are told without their runs. */
const VERSIONS_IN_FULL = 3;

/** The run with its steps, its place in the queue and what becomes of its batch; null when there is none. */
async function factsOfRun({ ledger }: StoryDeps, runId: string) {
  const stored = await ledger.runs.find(runId);
  if (stored === null) return null;
  const run = withSteps(stored, await ledger.generations.list(runId));
  const group = stored.definition.concurrencyGroup;
  return { run, group, queue: await placeOf(ledger, run, group), retakeDueAt: await ledger.retakes.dueAt(run) };
}

async function placeOf(ledger: Ledger, run: RunRecord, group: string) {
  if (isClosed(run.state) || run.startedAt !== null) return null;
  const { holder, waiting } = await ledger.slots.inspect(group);
  const place = waiting.indexOf(runInstanceId(run.runId, run.attempt));
  return place < 0 ? null : { position: place + 1, holder };
}

/** Why a run is where it is; null when the ledger has no such run. */
export async function whyRun(deps: StoryDeps, runId: string): Promise<Story | null> {
  const facts = await factsOfRun(deps, runId);
  return facts && { subject: { kind: "run", id: runId }, sentences: runStory(facts), runIds: [runId] };
}

async function waitOf({ ledger, definitions }: StoryDeps, drop: DropRecord): Promise<PendingWait | null> {
  if (drop.state !== "pending") return null;
  const drops = definitions.get(drop.pipeline)?.drops;
  if (drops === undefined) return { kind: "orphaned" };
  const definition = definitions.get(drop.pipeline);
  const decision = definition && (await new DeliveryJudge(ledger, definition).judge(drop));
  if (decision?.kind === "waited") return { kind: "delivery", missing: decision.missing, until: decision.until };
  const open = await ledger.runs.open(drop.pipeline);
  const taker = open.find((run) => run.frozenAt === null && run.cancelRequestedAt === null);
  if (taker) return { kind: "run", runId: taker.runId };
  const pause = holdingPause((await ledger.states.get(drop.pipeline)).pause);
  if (pause !== null) return { kind: "paused", since: pause.at, reason: pause.reason };
  return { kind: "quiet", quietSeconds: drops.quietPeriodSeconds, maxSeconds: drops.maxWaitSeconds };
}

async function outcomeOf({ ledger }: StoryDeps, drop: DropRecord): Promise<FileOutcome | null> {
  if (drop.state !== "batched" || drop.runId === null) return null;
  const generations = await ledger.generations.list(drop.runId);
  const read = generations.findLast(({ exit }) => exit?.counts["filesListed"] !== undefined);
  if (!read?.exit?.outcomePath) return null;
  const { files } = await readOutcome(ledger, read.exit.outcomePath);
  return files.find(({ path }) => path === drop.path) ?? null;
}

/** Why the ledger has no version of a path. */
async function unseen({ ledger, definitions }: StoryDeps, container: string, path: string): Promise<UnseenBlob> {
  const route = routeDrop(definitions, container, path);
  const noted = route === null ? null : await ledger.unfinished.find(route.pipeline, container, path);
  if (noted !== null) return { kind: "unfinished", why: noted.why, since: noted.since, lookAt: noted.lookAt };
  const head = await ledger.blobs.head(container, path);
  if (head === null) return { kind: "absent" };
  if (isFolder(path, head)) return { kind: "folder" };
  if (route !== null) return { kind: "unnoticed", pipeline: route.pipeline, lastModified: head.lastModified };
  const takers = [...definitions.values()].flatMap(({ name, drops }) =>
    drops ? [`${name}: ${drops.pathPattern}`] : [],
  );
  return { kind: "noPattern", patterns: takers };
}

const containersOf = (definitions: PipelineDefinitions): string[] => [
  ...new Set([...definitions.values()].flatMap(({ drops }: PipelineDefinition) => (drops ? [drops.container] : []))),
];

/** Every version of the path in any drops container, oldest first. */
async function versionsOf({ ledger, definitions }: StoryDeps, path: string): Promise<DropRecord[]> {
  const found = await Promise.all(containersOf(definitions).map(async (name) => ledger.drops.versions(name, path)));
  return found.flat();
}

/** Why a blob was read, is waited for, or was not: every version that was seen, and the runs that took them. */
export async function whyBlob(deps: StoryDeps, path: string): Promise<Story> {
  const versions = await versionsOf(deps, path);
  const subject = { kind: "blob", id: path } as const;
  if (versions.length === 0) {
    const looks = await Promise.all(containersOf(deps.definitions).map(async (name) => unseen(deps, name, path)));
    const blob = looks.find(({ kind }) => kind !== "absent") ?? { kind: "absent" };
    return { subject, sentences: unseenStory(path, blob), runIds: [] };
  }
  const first = versions[0] as DropRecord;
  const sentences: Sentence[] = [say(first.seenAt, `${path} was seen in ${counted(versions.length, "version")}.`)];
  const runIds: string[] = [];
  const full = versions.slice(-VERSIONS_IN_FULL);
  for (const drop of versions) {
    const [wait, outcome] = full.includes(drop)
      ? await Promise.all([waitOf(deps, drop), outcomeOf(deps, drop)])
      : [null, null];
    sentences.push(...dropStory({ drop, wait, outcome }));
    if (drop.runId !== null && !runIds.includes(drop.runId)) runIds.push(drop.runId);
  }
  const last = versions.at(-1)?.runId ?? null;
  const facts = last === null ? null : await factsOfRun(deps, last);
  return { subject, sentences: [...sentences, ...(facts === null ? [] : runStory(facts))], runIds };
}

/** The story of a run when the text is the id of one, else of a blob. Null for a run that the ledger does not have. */
export async function why(deps: StoryDeps, subject: string): Promise<Story | null> {
  return parseRunId(subject) === null ? whyBlob(deps, subject) : whyRun(deps, subject);
}

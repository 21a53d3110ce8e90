import { setTimeout as pause } from "node:timers/promises";
import { DROP_STATES, type DropRecord } from "../../../src/domain/drop";
import { isClosed } from "../../../src/domain/run";
import { indexPartition, toDropRecord } from "../../../src/ledger/drops/drop-rows";
import { inParallel } from "../../../src/ledger/parallel";
import { rowsOf } from "../../../src/ledger/ranges";
import type { Measure } from "./bars";
import { STORM } from "./definitions";
import { seeded, shuffled } from "./random";
import type { ServiceStack } from "./service-stack";

const TWICE = 0.2;
const OVERWRITTEN = 0.1;
/** Uploads at the same time: more than the trigger's parallelism, so that the app is what is measured. */
const UPLOADS = 16;
const EVENTS_PER_POST = 50;
/** Time for each drop on a slow machine, and for the storm as a whole. */
const SECONDS_A_DROP = 0.5;
const LEAST_SECONDS = 120;

interface Version {
  readonly path: string;
  readonly etag: string;
}

/** A version, as the storm counts it. */
export const keyOf = ({ path, etag }: Version): string => `${etag.replaceAll('"', "")} ${path}`;

/** Drops of every state, read from the index in the order of time. */
async function dropsOf({ ledger }: ServiceStack): Promise<DropRecord[]> {
  const states = await Promise.all(
    DROP_STATES.map(async (state) => rowsOf(ledger.drops.table, { partition: indexPartition(state, STORM) })),
  );
  return states.flat().map(toDropRecord);
}

/** How often each version stands in a manifest. */
async function batched({ ledger }: ServiceStack): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (let token: string | undefined; ;) {
    const page = await ledger.runs.list(STORM, undefined, 100, token);
    for (const { runId } of page.items)
      for (const file of (await ledger.manifests.find(runId))?.files ?? [])
        times.set(keyOf(file), (times.get(keyOf(file)) ?? 0) + 1);
    if (page.nextToken === null) return times;
    token = page.nextToken;
  }
}

/** Puts the blobs, some of them twice, in random order; gives the newest version of each path and all events. */
async function upload(
  stack: ServiceStack,
  count: number,
  chance: () => number,
): Promise<{ newest: Map<string, Version>; events: Version[] }> {
  const container = stack.blobs.getContainerClient("drops");
  const paths = Array.from({ length: count }, (_, index) => `storm/${String(index).padStart(6, "0")}.csv`);
  const newest = new Map<string, Version>();
  const events: Version[] = [];
  const put = async (path: string, text: string): Promise<void> => {
    const { etag } = await container.getBlockBlobClient(path).upload(text, text.length);
    const version = { path, etag: etag ?? "" };
    newest.set(path, version);
    events.push(version);
  };
  await inParallel(shuffled(paths, chance), UPLOADS, async (path) => put(path, `meter,value\n${path},1\n`));
  const again = shuffled(paths, chance).slice(0, Math.round(count * OVERWRITTEN));
  const twice = shuffled(events, chance).slice(0, Math.round(count * TWICE));
  // Half of the overwrites are there before any event is told; the others come while the storm is being taken up.
  const early = again.slice(0, Math.floor(again.length / 2));
  await inParallel(early, UPLOADS, async (path) => put(path, `meter,value\n${path},2\n`));
  const late = again.slice(early.length);
  return { newest, events: shuffled([...events, ...twice], chance).concat(late.map((path) => ({ path, etag: "" }))) };
}

/** Tells the app of events as Event Grid does. */
async function tell(stack: ServiceStack, events: readonly Version[]): Promise<void> {
  const url = `${stack.host.url}/runtime/webhooks/blobs?functionName=Host.Functions.dropReceived-drops`;
  const container = stack.blobs.getContainerClient("drops").url;
  const body = events.map(({ path, etag }) => ({ data: { url: `${container}/${path}`, eTag: etag } }));
  const headers = { "content-type": "application/json", "aeg-event-type": "Notification" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the events were answered ${response.status}: ${await response.text()}`);
}

/** What is wrong at the end: a newest version that is in no batch or in several, a drop in two, a drop without a reason. */
export function stormFaults(
  newest: ReadonlyMap<string, Version>,
  times: ReadonlyMap<string, number>,
  drops: readonly Pick<DropRecord, "path" | "etag" | "state" | "reason">[],
): string[] {
  const faults: string[] = [];
  for (const version of newest.values()) {
    const found = times.get(keyOf(version)) ?? 0;
    if (found !== 1) faults.push(`${version.path} is in ${found} batches`);
  }
  const known = new Set<string>();
  for (const drop of drops) {
    const found = times.get(keyOf(drop)) ?? 0;
    if (known.has(keyOf(drop))) faults.push(`${drop.path} stands in the index twice`);
    known.add(keyOf(drop));
    if (found > (drop.state === "batched" ? 1 : 0)) faults.push(`${drop.path}, ${drop.state}, is in ${found} batches`);
    if (drop.state !== "batched" && drop.reason === null) faults.push(`${drop.path} is ${drop.state} without a reason`);
  }
  return faults;
}

/** A storm of drops: until all are recorded, and until each newest version is in exactly one batch. */
export async function measureStorm(stack: ServiceStack, count: number, seed: number): Promise<Measure[]> {
  const { ledger } = stack;
  const { newest, events } = await upload(stack, count, seeded(seed));
  const limit = LEAST_SECONDS + count * SECONDS_A_DROP;
  const started = performance.now();
  const since = (): number => (performance.now() - started) / 1000;
  const container = stack.blobs.getContainerClient("drops");
  for (let index = 0; index < events.length; index += EVENTS_PER_POST) {
    const some = events.slice(index, index + EVENTS_PER_POST);
    await tell(
      stack,
      await inParallel(some, UPLOADS, async ({ path, etag }) => {
        if (etag !== "") return { path, etag };
        const text = `meter,value\n${path},3\n`;
        const version = { path, etag: (await container.getBlockBlobClient(path).upload(text, text.length)).etag ?? "" };
        newest.set(path, version);
        return version;
      }),
    );
  }
  const isRecorded = async ({ path, etag }: Version): Promise<boolean> =>
    (await ledger.drops.find("drops", path, etag)) !== null;
  const missing = new Set(newest.values());
  await stack.until("all drops in the ledger", limit, async () => {
    for (const version of missing) {
      if (!(await isRecorded(version))) return null;
      missing.delete(version);
    }
    return true;
  });
  const recordedAfter = since();
  const versions = (await dropsOf(stack)).length;
  await stack.until("no drop pending or claimed", limit, async () => {
    const open = await ledger.runs.open(STORM);
    const waiting = await ledger.drops.hasPending(STORM);
    const claimed = (await ledger.drops.entries("claimed", STORM, 1)).length > 0;
    return open.length === 0 && !waiting && !claimed ? true : null;
  });
  const settledAfter = since();
  // Events that were told twice may still come.
  await pause(1000);
  const drops = await dropsOf(stack);
  const faults = stormFaults(newest, await batched(stack), drops);
  const runs = await ledger.runs.list(STORM, undefined, 1000);
  const failed = runs.items.filter((run) => isClosed(run.state) && run.state === "failed").length;
  const by = DROP_STATES.map((state) => [state, drops.filter((drop) => drop.state === state).length] as const);
  const states = by.flatMap(([state, found]) => (found > 0 ? [`${found} ${state}`] : [])).join(", ");
  const detail = `${count} blobs, ${events.length} events, ${states}, ${runs.items.length} runs, ${failed} failed`;
  const at = (name: string, value: number, unit: string, most: number | null, text: string): Measure => ({
    name,
    value,
    unit,
    most,
    detail: text,
  });
  return [
    at("drops recorded a second", versions / recordedAfter, "drops/s", null, `${versions} versions, by events`),
    at("storm: all in the ledger after", recordedAfter, "s", null, detail),
    at(
      "storm: all in exactly one batch after",
      settledAfter,
      "s",
      null,
      "from the first event, with the runs of the batches",
    ),
    at("storm: drops lost, doubled or without reason", faults.length, "", 0, faults.slice(0, 3).join("; ")),
  ];
}

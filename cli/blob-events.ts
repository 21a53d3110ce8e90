import type { DropView } from "../src/api/drops/views";
import type { PipelineView } from "../src/api/pipelines/views";
import type { ApiClient } from "./client";
import type { CliContext } from "./context";
import { ownFault } from "./fault";
import { operationById } from "./operations";
import { uploadDrop } from "./upload-drop";

/** What the app records and puts into no batch (docs/contracts.md). */
export const PROBE_PATH = ".batchkeeper/probe";

/** A drop that is seen only by the sweeper's scan is seen minutes after it was written. */
const EVENT_SECONDS = 120;
/** As long as that, and a few looks more. */
const PROBE_SECONDS = 130;
const LOOK_SECONDS = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No drop is older. */
const CENTURY_MS = 36_525 * DAY_MS;

async function takers(client: ApiClient): Promise<string[]> {
  const { body } = await client.call(operationById("listPipelines"));
  return (body as { value: PipelineView[] }).value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name);
}

interface DropPage {
  readonly value: readonly DropView[];
  readonly nextLink?: string;
}

async function pageOf(
  client: ApiClient,
  pipeline: string,
  query: Readonly<Record<string, unknown>>,
): Promise<DropPage> {
  const { body } = await client.call(operationById("listDrops"), { path: { pipeline }, query: { ...query, top: 200 } });
  return body as DropPage;
}

/**
 * The drops of a pipeline that were seen last, as many as a page holds. A list begins with the oldest: so the time is looked for from
 * which on there is something, by steps back that grow, and then by halves while that is more than a page.
 */
async function lastSeen(client: ApiClient, pipeline: string): Promise<readonly DropView[]> {
  const since = async (from: number) => pageOf(client, pipeline, { seenFrom: new Date(from).toISOString() });
  const now = Date.now();
  // The app's clock may be ahead of this one.
  let none = now + DAY_MS;
  let from = now - HOUR_MS;
  let page = await since(from);
  for (let back = 8 * HOUR_MS; page.value.length === 0 && back < CENTURY_MS; back *= 8) {
    none = from;
    from = now - back;
    page = await since(from);
  }
  while (page.nextLink !== undefined && none - from > 1) {
    const middle = Math.floor((from + none) / 2);
    const later = await since(middle);
    if (later.value.length === 0) none = middle;
    else [from, page] = [middle, later];
  }
  return page.value;
}

/** @throws Fault when only the scan can have found it */
function judge({ path, seenAt, lastModified }: DropView): string {
  const seconds = Math.round((Date.parse(seenAt) - Date.parse(lastModified)) / 1000);
  const told = `${path} was seen ${seconds} s after it was written`;
  if (seconds > EVENT_SECONDS) throw ownFault("no-events", told);
  return told;
}

/** How long after its writing the newest drop was seen; null when there is none. @throws Fault when no event told of it */
export async function newestArrival(client: ApiClient): Promise<string | null> {
  const pipelines = await takers(client);
  const drops = await Promise.all(pipelines.map(async (pipeline) => lastSeen(client, pipeline)));
  const [last] = drops.flat().sort((a, b) => (a.lastModified < b.lastModified ? 1 : -1));
  return last ? judge(last) : null;
}

/**
 * The same for a blob that is put now: nothing else shows the whole way of an event. The first pipeline of a container shows its probe.
 * @throws Fault when no event told of it
 */
export async function probeArrival(context: CliContext, client: ApiClient): Promise<string | null> {
  const pipelines = await takers(client);
  const [pipeline] = pipelines;
  if (pipeline === undefined) return null;
  const bytes = Buffer.from(`a probe of ${new Date().toISOString()}\n`);
  const etag = await uploadDrop(context, client, pipeline, PROBE_PATH, bytes);
  for (let waited = 0; waited < PROBE_SECONDS; waited += LOOK_SECONDS) {
    await context.sleep(LOOK_SECONDS * 1000);
    context.signal.throwIfAborted();
    const pages = await Promise.all(pipelines.map(async (one) => pageOf(client, one, { path: PROBE_PATH })));
    const drop = pages.flatMap(({ value }) => value).find((version) => version.etag === etag);
    if (drop) return judge(drop);
  }
  throw ownFault("no-events", `a probe was not seen for ${PROBE_SECONDS} s after it was written`);
}

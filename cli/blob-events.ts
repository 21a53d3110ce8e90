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
/** Pages of a pipeline's drops, the oldest first. Of a longer list the newest is not known, so that it tells nothing: `--probe` does. */
const MAX_PAGES = 100;

async function takers(client: ApiClient): Promise<string[]> {
  const { body } = await client.call(operationById("listPipelines"));
  return (body as { value: PipelineView[] }).value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name);
}

async function dropsOf(
  client: ApiClient,
  pipelines: readonly string[],
  query: Readonly<Record<string, unknown>>,
): Promise<DropView[]> {
  const list = operationById("listDrops");
  const all = await Promise.all(
    pipelines.map(async (pipeline) => {
      const drops: DropView[] = [];
      let answer = await client.call(list, { path: { pipeline }, query: { ...query, top: 200 } });
      for (let pages = 1; ; pages += 1) {
        const { value, nextLink } = answer.body as { value: DropView[]; nextLink?: string };
        drops.push(...value);
        if (nextLink === undefined) return drops;
        if (pages === MAX_PAGES) return [];
        answer = await client.next(list, nextLink);
      }
    }),
  );
  return all.flat();
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
  const drops = await dropsOf(client, await takers(client), {});
  const [last] = drops.sort((a, b) => (a.lastModified < b.lastModified ? 1 : -1));
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
    const drop = (await dropsOf(client, pipelines, { path: PROBE_PATH })).find((version) => version.etag === etag);
    if (drop) return judge(drop);
  }
  throw ownFault("no-events", `a probe was not seen for ${PROBE_SECONDS} s after it was written`);
}

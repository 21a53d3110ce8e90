import type { RunView } from "../src/api/runs/views";
import type { ApiClient } from "./client";
import type { CliContext } from "./context";
import { operationById } from "./operations";
import { stateCell } from "./output/cell";

const DEFAULT_INTERVAL_SECONDS = 2;
const OPEN = new Set(["requested", "queued", "running"]);

/** Looks at a run until it is over, and tells every change of its state and of its steps. */
export async function followRun(
  context: CliContext,
  client: ApiClient,
  runId: string,
  { interval = DEFAULT_INTERVAL_SECONDS, quiet = false }: { interval?: number | undefined; quiet?: boolean } = {},
): Promise<RunView> {
  const getRun = operationById("getRun");
  const told = new Set<string>();
  const live = new LiveLine(context, quiet);
  let run: RunView | undefined;
  let etag: string | undefined;
  for (;;) {
    const answer = await client.call(getRun, { path: { runId }, ...(etag === undefined ? {} : { etag }) });
    if (answer.status !== 304) run = answer.body as RunView;
    etag = answer.etag ?? undefined;
    if (run) {
      for (const line of changes(context, run, told)) live.tell(line);
      if (!OPEN.has(run.state)) return live.end(run);
      live.show(atWork(run));
    }
    await context.sleep(interval * 1000);
    context.signal.throwIfAborted();
  }
}

function* changes(context: CliContext, run: RunView, told: Set<string>): Generator<string> {
  const out = context.process.stderr;
  const news = [
    [`run ${run.attempt} ${run.state}`, `run ${run.id} ${stateCell(out, run.state)}`] as const,
    ...run.steps.flatMap((step) => {
      const last = step.generations.at(-1);
      if (!last) return [];
      const at = last.databricksRunId ?? "being asked for";
      const why = last.lastFault ? `: ${last.lastFault}` : "";
      const line = `  ${step.name} ${stateCell(out, step.state)}, Databricks run ${at}${why}`;
      return [[`${step.name} ${last.generation} ${step.state} ${at}${why}`, line] as const];
    }),
  ];
  for (const [key, line] of news) {
    if (told.has(key)) continue;
    told.add(key);
    yield line;
  }
}

function atWork(run: RunView): string {
  const step = run.steps.find(({ state }) => state === "running");
  const since = Date.parse(step?.generations.at(-1)?.startedAt ?? run.startedAt ?? run.createdAt);
  return `${step?.name ?? run.state}, ${Math.max(0, Math.round((Date.now() - since) / 1000))} s`;
}

/** One line that is written over on a terminal; elsewhere only what is told for good. */
class LiveLine {
  private shown = false;

  constructor(
    private readonly context: CliContext,
    private readonly quiet: boolean,
  ) {}

  tell(line: string): void {
    if (this.quiet) return;
    this.clear();
    this.context.process.stderr.write(`${line}\n`);
  }

  show(text: string): void {
    if (this.quiet || !this.context.process.stderr.isTTY) return;
    this.clear();
    this.context.process.stderr.write(text);
    this.shown = true;
  }

  end<T>(result: T): T {
    this.clear();
    return result;
  }

  private clear(): void {
    if (this.shown) this.context.process.stderr.write("\r\u001b[2K");
    this.shown = false;
  }
}

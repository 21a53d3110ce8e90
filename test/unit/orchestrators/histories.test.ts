import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OrchestrationContext } from "durable-functions";
import { ActionType, atomsOf, type Action } from "../../../local/functions-host/durable/actions";
import { EventType, type HistoryEvent } from "../../../local/functions-host/durable/events";
import { REPO_ROOT } from "../../../local/paths";
import { collector } from "../../../src/orchestrators/collector";
import { pipelineRun } from "../../../src/orchestrators/pipeline-run";

// The library's own executor, as the Functions worker runs it.
const load = createRequire(require.resolve("durable-functions"));
type Orchestrator = (context: OrchestrationContext) => Generator<unknown, unknown, unknown>;
const { TaskOrchestrationExecutor } = load("./orchestrations/TaskOrchestrationExecutor") as {
  TaskOrchestrationExecutor: new () => {
    execute(
      context: object,
      history: object[],
      schema: number,
      fn: Orchestrator,
    ): Promise<{ isDone: boolean; actions: Action[][]; output: unknown }>;
  };
};
const { DurableOrchestrationContext } = load("./orchestrations/DurableOrchestrationContext") as {
  DurableOrchestrationContext: new (...args: unknown[]) => object;
};

interface Recorded {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly history: readonly HistoryEvent[];
}

const FOLDER = join(REPO_ROOT, "test", "fixtures", "histories");
const ORCHESTRATORS: Readonly<Record<string, Orchestrator>> = { pipelineRun, collector };
const recorded = readdirSync(FOLDER).flatMap((version) =>
  readdirSync(join(FOLDER, version)).map((file): [string, Recorded] => [
    `${version}/${file}`,
    JSON.parse(readFileSync(join(FOLDER, version, file), "utf8")) as Recorded,
  ]),
);

async function replay({ id, name, input, history }: Recorded, orchestrator = ORCHESTRATORS[name]) {
  if (!orchestrator) throw new Error(`no orchestrator ${name}: runs in flight would be lost`);
  const executor = new TaskOrchestrationExecutor();
  // What the extension gives: events as they were stored, up to the end that the orchestrator itself brought about.
  const given = history
    .filter(({ EventType: type }) => type !== EventType.ExecutionCompleted && type !== EventType.ContinueAsNew)
    .map((event) => ({ ...event, Timestamp: new Date(event.Timestamp) }));
  const first = given[0]?.Timestamp ?? new Date(0);
  const limits = ["3.00:00:00", "6.00:00:00", 30_000, 3];
  const df = new DurableOrchestrationContext(given, id, first, false, null, ...limits, input, executor);
  const state = await executor.execute({ df }, given, 3, orchestrator);
  return { ...state, atoms: atomsOf(state.actions[0] ?? []) };
}

const isCall = ({ actionType }: Action): boolean =>
  actionType === ActionType.CallActivity || actionType === ActionType.CallActivityWithRetry;
/** A task is stored with the list of its arguments, which is of one. */
const inputOf = ({ Input: text }: HistoryEvent): unknown => (text ? (JSON.parse(text) as unknown[])[0] : null);

describe.each(recorded)("a run in flight with the history %s", (_file, record) => {
  it("goes on with this version: the same calls with the same inputs, the same timers, in the same order", async () => {
    const { atoms } = await replay(record);
    const scheduled = record.history.filter(({ EventType: type }) => type === EventType.TaskScheduled);
    const timers = record.history.filter(({ EventType: type }) => type === EventType.TimerCreated);
    const calls = atoms.filter(isCall);

    expect(calls.map(({ functionName }) => functionName)).toEqual(scheduled.map(({ Name }) => Name));
    expect(calls.map(({ input }) => input ?? null)).toEqual(scheduled.map(inputOf));
    expect(atoms.filter(({ actionType }) => actionType === ActionType.CreateTimer)).toHaveLength(timers.length);
  });
});

it("there are histories of both orchestrations, and the check sees a changed order", async () => {
  expect(new Set(recorded.map(([, { name }]) => name))).toEqual(new Set(["pipelineRun", "collector"]));
  const [, record] = recorded.find(([, { name }]) => name === "pipelineRun") ?? [];
  const other = await replay(record!, function* (context) {
    yield context.df.callActivity("publishRun", {});
  });

  expect(other.atoms.filter(isCall).map(({ functionName }) => functionName)).toEqual(["publishRun"]);
});

import { createRequire } from "node:module";
import fc from "fast-check";
import { applyActions, applyEvents, isDynamic, newPlan } from "../../../local/functions-host/durable/plan";
import type { Command, Plan } from "../../../local/functions-host/durable/plan";
import type { Action } from "../../../local/functions-host/durable/actions";
import { EventType, newEvent } from "../../../local/functions-host/durable/events";
import type { HistoryEvent } from "../../../local/functions-host/durable/events";

// The library's own executor is the oracle: its open tasks are the ids that the host must have handed out.
const load = createRequire(require.resolve("durable-functions"));
const { TaskOrchestrationExecutor } = load("./orchestrations/TaskOrchestrationExecutor") as {
  TaskOrchestrationExecutor: new () => Executor;
};
const { DurableOrchestrationContext } = load("./orchestrations/DurableOrchestrationContext") as {
  DurableOrchestrationContext: new (...args: unknown[]) => Context;
};
const { RetryOptions } = load("durable-functions") as { RetryOptions: new (first: number, attempts: number) => object };

interface Executor {
  openTasks: Record<string, unknown>;
  sequenceNumber: number;
  execute(
    context: object,
    history: HistoryEvent[],
    schema: number,
    fn: (context: { df: Context }) => Generator,
  ): Promise<{ isDone: boolean; actions: Action[][] }>;
}
interface Context {
  currentUtcDateTime: Date;
  Task: { any(tasks: unknown[]): unknown; all(tasks: unknown[]): unknown };
  callActivity(name: string): unknown;
  callActivityWithRetry(name: string, options: object): unknown;
  callSubOrchestrator(name: string): unknown;
  createTimer(at: Date): unknown;
  waitForExternalEvent(name: string): unknown;
  callHttp(options: object): unknown;
}

type Leaf =
  | { kind: "act" | "sub" | "timer" | "longTimer" | "event" | "http" }
  | { kind: "retry"; attempts: number }
  | { kind: "reuse"; of: number };
type Step = { kind: "any" | "all"; leaves: Leaf[] } | { kind: "one"; leaf: Leaf };
const DAY = 86_400_000;

function orchestrator(steps: Step[]): (context: { df: Context }) => Generator {
  return function* ({ df }) {
    const made: unknown[] = [];
    const make = (leaf: Leaf): unknown => {
      const old = leaf.kind === "reuse" && made.length > 0 ? made[leaf.of % made.length] : undefined;
      if (old !== undefined) return old;
      const task = create(df, leaf);
      made.push(task);
      return task;
    };
    for (const step of steps) {
      try {
        if (step.kind === "one") yield make(step.leaf);
        else yield df.Task[step.kind]([...new Set(step.leaves.map(make))]);
      } catch {
        // A failed task is as good as another here: the program goes on.
      }
    }
  };
}

function create(df: Context, leaf: Leaf): unknown {
  switch (leaf.kind) {
    case "sub":
      return df.callSubOrchestrator("child");
    case "timer":
      return df.createTimer(new Date(df.currentUtcDateTime.getTime() + 1000));
    case "longTimer":
      return df.createTimer(new Date(df.currentUtcDateTime.getTime() + 10 * DAY));
    case "event":
      return df.waitForExternalEvent("e");
    case "http":
      return df.callHttp({ method: "GET", url: "http://127.0.0.1/" });
    case "retry":
      return df.callActivityWithRetry("flaky", new RetryOptions(10, leaf.attempts));
    default:
      return df.callActivity("act");
  }
}

/** Runs the program against the plan, with answers in the order that `picks` says, and compares open ids after every episode. */
async function simulate(steps: Step[], picks: number[]): Promise<void> {
  const plan: Plan = newPlan();
  const history: HistoryEvent[] = [];
  const open = new Map<number, Command>();
  let now = Date.parse("2026-01-01T00:00:00Z");
  let events = [newEvent(EventType.ExecutionStarted, { Name: "program" })];
  for (const pick of [...picks, 0]) {
    const stamp = new Date(now);
    history.push(newEvent(EventType.OrchestratorStarted, { Timestamp: stamp.toISOString() }), ...events);
    const { executor, done, actions } = await replayProgram(steps, history);
    const commands = applyEvents(plan, events, now);
    commands.push(...applyActions(plan, actions, now));
    for (const command of commands) open.set(command.id, command);
    if (done) return;
    const expected = Object.keys(executor.openTasks)
      .map(Number)
      .sort((a, b) => a - b);
    const waitingHttp = [...open.keys()].filter((id) => plan.dynamic[id]?.kind === "http");
    const reserved = waitingHttp
      .map((id) => plan.dynamic[id])
      .flatMap((task) => (task?.kind === "http" && task.nextRequestId !== undefined ? [task.nextRequestId] : []));
    expect([...open.keys(), ...reserved].sort((a, b) => a - b)).toEqual(expected);
    expect(plan.nextId).toBe(executor.sequenceNumber);
    now += 4 * DAY;
    events = nextEvents(plan, open, pick);
  }
}

async function replayProgram(
  steps: Step[],
  history: HistoryEvent[],
): Promise<{ executor: Executor; done: boolean; actions: Action[] }> {
  const executor = new TaskOrchestrationExecutor();
  const dated = history.map((event) => ({
    ...event,
    Timestamp: new Date(event.Timestamp),
  })) as unknown as HistoryEvent[];
  const first = new Date(history[0]?.Timestamp ?? 0);
  const df = new DurableOrchestrationContext(
    dated,
    "id",
    first,
    false,
    null,
    "3.00:00:00",
    "6.00:00:00",
    30_000,
    3,
    null,
    executor,
  );
  const state = await executor.execute({ df }, dated, 3, orchestrator(steps));
  return { executor, done: state.isDone, actions: state.actions[0] ?? [] };
}

/** One or two answers; the second only if the host may put it into the same episode. */
function nextEvents(plan: Plan, open: Map<number, Command>, pick: number): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (const round of pick % 3 === 0 ? [0, 1] : [0]) {
    const ids = [...open.keys()].sort((a, b) => a - b);
    const choice = (pick + round * 7) % (ids.length + 1);
    const id = ids[choice];
    const event =
      id === undefined
        ? newEvent(EventType.EventRaised, { Name: "e", Input: "1" })
        : answer(open.get(id), id, pick >> 3);
    if (!event || (round > 0 && isDynamic(plan, event))) break;
    if (id !== undefined) open.delete(id);
    events.push(event);
  }
  return events;
}

function answer(command: Command | undefined, id: number, mood: number): HistoryEvent | undefined {
  const failure = { TaskScheduledId: id, Reason: "r", Details: "d" };
  const http = {
    statusCode: mood % 2 === 0 ? 202 : 200,
    headers: { Location: "http://127.0.0.1/poll", "Retry-After": "5" },
    content: "",
  };
  switch (command?.kind) {
    case "timer":
      return newEvent(EventType.TimerFired, { TimerId: id });
    case "subOrchestration":
      return mood % 3 === 0
        ? newEvent(EventType.SubOrchestrationInstanceFailed, failure)
        : newEvent(EventType.SubOrchestrationInstanceCompleted, { TaskScheduledId: id, Result: "1" });
    case "activity":
      if (command.name === "BuiltIn::HttpActivity")
        return newEvent(EventType.TaskCompleted, { TaskScheduledId: id, Result: JSON.stringify(http) });
      return mood % 3 === 0
        ? newEvent(EventType.TaskFailed, failure)
        : newEvent(EventType.TaskCompleted, { TaskScheduledId: id, Result: "1" });
    default:
      return undefined;
  }
}

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.constantFrom<Leaf>(
    { kind: "act" },
    { kind: "sub" },
    { kind: "timer" },
    { kind: "longTimer" },
    { kind: "event" },
    { kind: "http" },
  ),
  fc.record({ kind: fc.constant("retry" as const), attempts: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("reuse" as const), of: fc.nat(9) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("one" as const), leaf }),
  fc.record({
    kind: fc.constantFrom("any" as const, "all" as const),
    leaves: fc.array(leaf, { minLength: 1, maxLength: 4 }),
  }),
);

test("every task has the id that the library gives it, whatever the program and the order of the answers", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(1000), { maxLength: 25 }),
      (steps, picks) => simulate(steps, picks),
    ),
    { numRuns: 2000 },
  );
}, 120_000);

test("any([retry, act]) then X: X's id depends on which ends first", async () => {
  const program: Step[] = [
    { kind: "any", leaves: [{ kind: "retry", attempts: 2 }, { kind: "act" }] },
    { kind: "one", leaf: { kind: "sub" } },
  ];
  const run = async (picks: HistoryEvent[]): Promise<number[]> => {
    const plan = newPlan();
    const history: HistoryEvent[] = [];
    const ids: number[] = [];
    for (const event of [newEvent(EventType.ExecutionStarted), ...picks]) {
      history.push(newEvent(EventType.OrchestratorStarted), event);
      const commands = applyEvents(plan, [event], 0);
      commands.push(...applyActions(plan, (await replayProgram(program, history)).actions, 0));
      ids.push(...commands.filter((command) => command.kind === "subOrchestration").map((command) => command.id));
    }
    return ids;
  };
  const actDone = newEvent(EventType.TaskCompleted, { TaskScheduledId: 1, Result: "1" });
  const retryFailed = newEvent(EventType.TaskFailed, { TaskScheduledId: 0, Reason: "r", Details: "d" });
  expect(await run([actDone])).toEqual([2]);
  expect(await run([retryFailed, actDone])).toEqual([3]);
});

import type { OrchestrationContext } from "durable-functions";

/** What an orchestrator yielded. */
export type Yielded =
  | { readonly kind: "activity"; readonly name: string; readonly input: unknown }
  | { readonly kind: "sub"; readonly name: string; readonly id: string; readonly input: unknown }
  | { readonly kind: "timer"; readonly at: Date }
  | { readonly kind: "any"; readonly until: Date };

/** Answers what was yielded; an Error is thrown into the orchestrator. */
export type Answer = (step: Yielded) => unknown;

interface TimerStub {
  kind: "timer";
  at: Date;
  isCompleted: boolean;
  cancelled: boolean;
  cancel(): void;
}

/** What stepping an orchestrator to its end showed. */
export interface Stepped {
  readonly yielded: Yielded[];
  readonly output: unknown;
  readonly continuedWith: unknown;
  readonly timersLeft: number;
}

/**
 * Steps an orchestrator by hand. Time stands still but for timers: a timer that is waited for moves the clock to its time, unless
 * the answer to the wait is `"wake"`.
 */
export function stepOrchestrator(
  orchestrator: (context: OrchestrationContext) => Generator<unknown, unknown, unknown>,
  input: unknown,
  answer: Answer,
  start = new Date("2026-01-01T00:00:00Z"),
): Stepped {
  let continuedWith: unknown = null;
  const timers: TimerStub[] = [];
  const df = {
    currentUtcDateTime: start,
    isReplaying: false,
    instanceId: "instance",
    getInput: () => input,
    setCustomStatus: () => undefined,
    continueAsNew: (next: unknown) => (continuedWith = next),
    callActivityWithRetry: (name: string, _retry: unknown, given: unknown) => ({
      kind: "activity",
      name,
      input: given,
    }),
    callSubOrchestrator: (name: string, given: unknown, id: string) => ({ kind: "sub", name, id, input: given }),
    waitForExternalEvent: (name: string) => ({ kind: "event", name }),
    createTimer: (at: Date) => {
      const timer: TimerStub = {
        kind: "timer",
        at,
        isCompleted: false,
        cancelled: false,
        cancel: () => (timer.cancelled = true),
      };
      timers.push(timer);
      return timer;
    },
    Task: { any: ([, timer]: [unknown, TimerStub]) => ({ kind: "any", until: timer.at, timer }) },
  };
  const generator = orchestrator({ df } as unknown as OrchestrationContext);
  const yielded: Yielded[] = [];
  let step = generator.next();
  while (!step.done) {
    const task = step.value as Yielded & { timer?: TimerStub };
    yielded.push(task);
    if (yielded.length > 5000) throw new Error("the orchestrator does not end");
    const given = answer(task);
    const timer = task.kind === "timer" ? (task as unknown as TimerStub) : task.timer;
    if (timer && given !== "wake") {
      timer.isCompleted = true;
      if (timer.at > df.currentUtcDateTime) df.currentUtcDateTime = timer.at;
    }
    step = given instanceof Error ? generator.throw(given) : generator.next(given);
  }
  const timersLeft = timers.filter((timer) => !timer.isCompleted && !timer.cancelled).length;
  return { yielded, output: step.value, continuedWith, timersLeft };
}

/** Names of the activities and sub-orchestrations, in order. */
export function calls(stepped: Stepped): string[] {
  return stepped.yielded.flatMap((step) => (step.kind === "activity" || step.kind === "sub" ? [step.name] : []));
}

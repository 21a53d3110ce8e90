import { costOf } from "../../../src/domain/cost";
import type { GenerationRecord } from "../../../src/domain/generation";
import { notebookError } from "../../../src/domain/notebook-error";
import { pipelineDefinitionSchema } from "../../../src/domain/pipeline-definition";
import type { RunRecord, StepRecord } from "../../../src/domain/run";
import { waitingOf } from "../../../src/domain/waiting";

/** What is told of a run by its records alone. */

const IPYTHON = `---------------------------------------------------------------------------
ValueError                                Traceback (most recent call last)
File <command-3421>, line 7
      5 frame = spark.table("telemetry")
----> 7 ingest(frame)

File /Workspace/Users/a/.bundle/b/batchkeeper/ingest.py:12, in ingest(frame)
ValueError: no column volt`;

describe("a notebook's error", () => {
  it.each([
    ["IPython", IPYTHON, "cell 3421, line 7"],
    ["an older runtime", "<command-12> in <module>\n----> 1 boom()\nValueError: x", "cell 12"],
    ["short frames", "ValueError\n<command-12>:3\nValueError: x", "cell 12, line 3"],
    [
      "Python",
      'Traceback\n  File "/a/b/ingestion.py", line 9, in <module>\n    x()\nValueError: x',
      "ingestion.py, line 9",
    ],
    ["nothing known", "java.lang.Exception\n\tat Foo.bar", null],
  ])("names the place in a trace of %s", (_what, trace, cell) => {
    expect(notebookError("ValueError: x", trace)?.cell).toBe(cell);
  });

  it("keeps the end of a long trace, by whole lines", () => {
    const trace = `${"line that is long enough\n".repeat(500)}ValueError: at the end`;

    const end = notebookError("ValueError: at the end", trace)?.trace ?? "";

    expect(end.endsWith("ValueError: at the end")).toBe(true);
    expect(end.length).toBeLessThanOrEqual(2002);
    expect(end.split("\n").slice(1, 3)).toEqual(["line that is long enough", "line that is long enough"]);
  });

  it("is none where Databricks tells nothing", () => {
    expect(notebookError(undefined, undefined)).toBeNull();
    expect(notebookError(undefined, "")).toBeNull();
  });
});

const generation = (over: Partial<GenerationRecord>): GenerationRecord =>
  ({
    ...{ runId: "r", step: "scoring", ordinal: 0, generation: 0, attempt: 1, terminal: false, verdict: null },
    ...{
      submissions: 1,
      refusals: 0,
      openCalls: [],
      databricksRunId: "12",
      lastFault: null,
      needsPerson: null,
      stopAskedAt: null,
    },
    ...{ startedAt: "2015-11-16T06:30:00.000Z", endedAt: null, durationSeconds: null },
    ...over,
  }) as GenerationRecord;

describe("the cost of a run", () => {
  const step = (dbuPerHour: number, ...seconds: (number | null)[]): StepRecord => ({
    ...{ name: "s", job: "j", state: "succeeded", dbuPerHour },
    generations: seconds.map((durationSeconds) => generation({ durationSeconds })),
  });

  it("counts every Databricks run by what its compute takes", () => {
    expect(costOf([step(1.5, 100, 20.5), step(4, 10)])).toEqual({
      databricksSeconds: 130.5,
      dbuSeconds: 220.75,
      atLeast: false,
    });
  });

  it("says when a run is not known to have ended", () => {
    expect(costOf([step(2, 100, null)])).toEqual({ databricksSeconds: 100, dbuSeconds: 200, atLeast: true });
    expect(costOf([])).toEqual({ databricksSeconds: 0, dbuSeconds: 0, atLeast: false });
  });
});

describe("what a run waits for", () => {
  const definition = pipelineDefinitionSchema.parse({
    ...{ name: "scoring", description: "", concurrencyGroup: "pdm", window: { rule: "watermark" } },
    steps: [
      {
        ...{ name: "scoring", job: "j", timeoutSeconds: 600 },
        retry: { maxGenerations: 3, firstDelaySeconds: 30, backoff: 2 },
      },
    ],
  });
  const run = (over: Partial<RunRecord>): RunRecord =>
    ({ state: "running", attempt: 1, frozenAt: "2015-11-16T06:29:00.000Z", ...over }) as RunRecord;
  const place = { group: "pdm", position: 2, holder: "other" };
  const platform = { kind: "failed", cause: "platform", code: "DRIVER_ERROR", message: "" } as const;
  const failed = generation({ terminal: true, verdict: platform, endedAt: "2015-11-16T06:40:00.000Z" });

  it.each<[string, Partial<RunRecord>, GenerationRecord[], string]>([
    ["its start", { state: "requested" }, [], "its orchestration to start"],
    ["its batch", { frozenAt: null }, [], "its batch to be frozen"],
    ["its first step", {}, [], "its first step to start"],
    [
      "a start that was not answered",
      {},
      [generation({ databricksRunId: null })],
      "an answer of Databricks to run-now",
    ],
    ["a cancel", {}, [generation({ stopAskedAt: "x" })], "the end of Databricks run 12 of step scoring"],
    ["a person", {}, [generation({ needsPerson: "nobody knows" })], "a person: nobody knows"],
  ])("is %s", (_what, over, generations, words) => {
    expect(waitingOf(run(over), definition, generations, place)?.for).toContain(words);
  });

  it("is the slot, with the place in the queue and who holds it", () => {
    expect(waitingOf(run({ state: "queued" }), definition, [], place)).toEqual({
      for: "the slot of group pdm, which other holds",
      ...{ until: null, nextLookWithinSeconds: 300, position: 2, behind: "other" },
    });
  });

  it("is a Databricks run, until the step's limit", () => {
    expect(waitingOf(run({}), definition, [generation({})], place)).toMatchObject({
      for: "Databricks run 12 of step scoring",
      until: "2015-11-16T06:40:00.000Z",
    });
  });

  it("is a retry, until its delay is over, longer with every try", () => {
    const until = (...generations: GenerationRecord[]) => waitingOf(run({}), definition, generations, place)?.until;

    expect(until(failed)).toBe("2015-11-16T06:40:30.000Z");
    expect(until(failed, { ...failed, generation: 1 })).toBe("2015-11-16T06:41:00.000Z");
    expect(until(failed, failed, failed)).toBeNull();
  });

  it("is nothing for a closed run", () => {
    expect(waitingOf(run({ state: "succeeded" }), definition, [], place)).toBeNull();
  });
});

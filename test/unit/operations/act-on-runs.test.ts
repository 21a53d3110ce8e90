import { actOnRun, actOnSelection, hurryRun, planAction } from "../../../src/operations/act-on-runs";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const deps = () => ({ activities: fixture.activities, definitions: fixture.pipelines });
const ada = () => ({ by: "ada@example.org", reason: "the cluster was full", ...fixture.context });
const close = async (runId: string, state: "failed" | "succeeded", code = "RUN_EXECUTION_ERROR") =>
  fixture.ledger.runs.change(runId, () => ({ state, error: { code, message: "", step: null } }));
const FAILED = { pipeline: "scoring", states: ["failed"] } as const;

describe("an action on a selection of runs", () => {
  let runs: string[];

  beforeEach(async () => {
    runs = [];
    for (let index = 0; index < 4; index += 1) runs.push(await fixture.openRun({ rerun: true }));
    const [a = "", b = "", c = ""] = runs;
    await close(a, "failed");
    await close(b, "failed", "RUN_TIMED_OUT");
    await close(c, "succeeded");
  });

  it("shows first how many it would change, and does nothing", async () => {
    const plan = await planAction(deps(), "retry", { pipeline: "scoring" });

    expect(plan).toMatchObject({ count: 2, excluded: 2 });
    expect(plan.runs.map(({ runId }) => runId).sort()).toEqual([runs[0], runs[1]].sort());
    expect((await fixture.ledger.runs.open("scoring")).map(({ runId }) => runId)).toEqual([runs[3]]);
  });

  it.each<[string, object, number[]]>([
    ["error code", { errorCode: "RUN_TIMED_OUT" }, [1]],
    ["state", { states: ["succeeded"] }, [2]],
    ["reason", { reason: "http" }, []],
    ["all", {}, [0, 1, 2]],
  ])("selects by %s", async (_what, filter, expected) => {
    const plan = await planAction(deps(), "rerun", { pipeline: "scoring", ...filter });

    expect(plan.runs.map(({ runId }) => runs.indexOf(runId)).sort()).toEqual(expected);
  });

  it("selects by the time at which runs were made", async () => {
    const [, b, c] = await Promise.all(runs.map(async (runId) => fixture.ledger.runs.get(runId)));
    const between = { createdFrom: b?.createdAt ?? "", createdBefore: c?.createdAt ?? "" };

    const plan = await planAction(deps(), "rerun", { pipeline: "scoring", ...between });

    expect(plan.runs.map(({ runId }) => runId)).toEqual([runs[1]]);
  });

  it("changes each run once, with an answer per run and a note of who asked", async () => {
    const { hash } = await planAction(deps(), "retry", FAILED);

    const answers = await actOnSelection(deps(), "retry", FAILED, hash, ada());

    expect(answers).toHaveLength(2);
    expect(answers.every(({ done }) => done)).toBe(true);
    expect((await fixture.ledger.runs.open("scoring")).map(({ attempt }) => attempt).sort()).toEqual([1, 2, 2]);
    expect(await fixture.ledger.actions.list(runs[0] ?? "", 5)).toMatchObject([
      { action: "retry", by: "ada@example.org" },
    ]);
  });

  it("is refused when the runs have moved on since the plan, and then changes none", async () => {
    const { hash } = await planAction(deps(), "retry", FAILED);
    await close(runs[3] ?? "", "failed");

    await expect(actOnSelection(deps(), "retry", FAILED, hash, ada())).rejects.toMatchObject({
      code: "plan-moved",
      message: expect.stringContaining("3 now"),
    });
    expect(await fixture.ledger.runs.open("scoring")).toEqual([]);
    await expect(actOnSelection(deps(), "cancel", FAILED, hash, ada())).rejects.toMatchObject({ code: "plan-moved" });
  });

  it("does the rest when one run cannot be changed, and says why", async () => {
    const { hash } = await planAction(deps(), "retry", FAILED);
    const { requests } = fixture.activities;
    const broken: typeof requests = Object.assign(Object.create(requests) as typeof requests, {
      retryRun: async (...[runId, starter]: Parameters<typeof requests.retryRun>) => {
        if (runId === runs[0]) throw new Error("the storage is away");
        return requests.retryRun(runId, starter);
      },
    });
    const activities = { ...fixture.activities, requests: broken };

    const answers = await actOnSelection({ ...deps(), activities }, "retry", FAILED, hash, ada());

    expect(answers.find(({ runId }) => runId === runs[0])).toMatchObject({
      done: false,
      fault: "not done, ask again: the storage is away",
    });
    expect(answers.find(({ runId }) => runId === runs[1])).toMatchObject({ done: true, fault: null });
  });

  it("reruns each with its window and parameters, and the same call again makes no more", async () => {
    const { hash } = await planAction(deps(), "rerun", { ...FAILED });

    const first = await actOnSelection(deps(), "rerun", FAILED, hash, ada());
    const again = await actOnSelection(deps(), "rerun", FAILED, hash, ada());

    expect(first.map(({ resultRunId }) => resultRunId)).toEqual(again.map(({ resultRunId }) => resultRunId));
    expect(new Set([...runs, ...first.map(({ resultRunId }) => resultRunId)]).size).toBe(6);
    const made = await fixture.ledger.runs.get(first[0]?.resultRunId ?? "");
    expect(made).toMatchObject({ rerun: true, requestedBy: "ada@example.org" });
  });

  it("cancels what is open and leaves alone what is being cancelled", async () => {
    const { hash } = await planAction(deps(), "cancel", { pipeline: "scoring" });
    await actOnSelection(deps(), "cancel", { pipeline: "scoring" }, hash, ada());

    expect(await fixture.ledger.runs.get(runs[3] ?? "")).toMatchObject({ cancelRequestedAt: expect.any(String) });
    expect(await planAction(deps(), "cancel", { pipeline: "scoring" })).toMatchObject({ count: 0, excluded: 4 });
  });
});

describe("one run", () => {
  it("is rerun after its end only", async () => {
    const runId = await fixture.openRun();
    await expect(actOnRun(deps(), "rerun", runId, "k", ada())).rejects.toThrow(/is requested and cannot be run again/);
    await close(runId, "succeeded");

    expect((await actOnRun(deps(), "rerun", runId, "k", ada())).runId).not.toBe(runId);
  });

  it("is hurried by an event that only wakes, while it is open", async () => {
    const runId = await fixture.openRun();

    const hurried = await hurryRun(deps(), runId, ada());

    expect(fixture.starter.raised).toEqual([`${runId}-a1:wake`]);
    expect(hurried).toEqual(await fixture.ledger.runs.get(runId));
    expect(await fixture.ledger.actions.list(runId, 5)).toMatchObject([{ action: "hurry" }]);
    await close(runId, "failed");
    await expect(hurryRun(deps(), runId, ada())).rejects.toThrow(/is failed and cannot be hurried/);
  });
});

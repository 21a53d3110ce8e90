import { holdCatchUp } from "../../../src/domain/catch-up";
import type { PipelineDefinition } from "../../../src/domain/pipeline-definition";
import { decideCatchUp } from "../../../src/operations/catch-up";
import { pausePipeline, pipelineStanding, resumePipeline } from "../../../src/operations/pause";
import { sweepSchedules } from "../../../src/sweeps/schedules";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const DAY_MS = 86_400_000;
const storage = useAzurite();
let fixture: ActivityFixture;
let definitions: Map<string, PipelineDefinition>;

const deps = () => ({ activities: fixture.activities, definitions });
const ada = () => ({ by: "ada@example.org", reason: "the outage is over", ...fixture.context });
const sweep = () => sweepSchedules({ ...fixture.pass, definitions });
const runs = async () => (await fixture.activities.requests.listRuns({})).items;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  const scoring = fixture.pipelines.get("scoring") as PipelineDefinition;
  definitions = new Map([["scoring", { ...scoring, approveCatchUpAbove: 2 }]]);
  await sweep();
});

it("is held above the definition's limit alone, and grows with what is missed while it is", () => {
  const span = { after: "2", until: "3" };

  expect(holdCatchUp(2, 2, span, null)).toBeNull();
  expect(holdCatchUp(3, null, span, null)).toBeNull();
  expect(holdCatchUp(3, 2, span, null)).toEqual(span);
  expect(holdCatchUp(3, 2, span, { after: "1", until: "2" })).toEqual({ after: "1", until: "3" });
});

it("of few occurrences needs nobody", async () => {
  fixture.clock.advance(2 * DAY_MS);

  await sweep();

  expect(await runs()).toHaveLength(1);
  expect((await pipelineStanding(deps(), "scoring")).heldCatchUp).toBeNull();
});

it("of what a pause kept needs nobody, however long it was", async () => {
  await pausePipeline(deps(), "scoring", ada());
  fixture.clock.advance(5 * DAY_MS);
  await resumePipeline(deps(), "scoring", ada());
  fixture.clock.advance(180_000);

  await sweep();

  expect(await runs()).toMatchObject([{ reason: "schedule" }]);
  expect((await pipelineStanding(deps(), "scoring")).heldCatchUp).toBeNull();
});

describe("of many occurrences", () => {
  beforeEach(async () => {
    fixture.clock.advance(3 * DAY_MS);
    await sweep();
    await sweep();
  });

  it("waits, and says so once", async () => {
    expect(await runs()).toEqual([]);
    expect((await pipelineStanding(deps(), "scoring")).heldCatchUp).not.toBeNull();
    expect(fixture.log.filter((line) => line.includes("waits for a person's approval"))).toHaveLength(1);
  });

  it("is one run when a person approves, however often", async () => {
    const first = await decideCatchUp(deps(), { pipeline: "scoring", approve: true }, ada());
    const again = await decideCatchUp(deps(), { pipeline: "scoring", approve: true }, ada());

    expect((await runs()).map(({ runId }) => runId)).toEqual([first]);
    expect(again).toBeNull();
    expect(await fixture.ledger.actions.list("scoring", 5)).toMatchObject([{ action: "approve-catch-up" }]);
  });

  it("waits on when more are missed while a person decides", async () => {
    const { actions } = fixture.ledger;
    const note = actions.note.bind(actions);
    actions.note = async (action) => {
      fixture.clock.advance(4 * DAY_MS);
      await sweep();
      return note(action);
    };
    const before = (await pipelineStanding(deps(), "scoring")).heldCatchUp;

    await decideCatchUp(deps(), { pipeline: "scoring", approve: false }, ada());

    const after = (await pipelineStanding(deps(), "scoring")).heldCatchUp;
    expect(after?.after).toBe(before?.after);
    expect(after?.until).not.toBe(before?.until);
  });

  it("is none when a person dismisses it", async () => {
    await decideCatchUp(deps(), { pipeline: "scoring", approve: false }, ada());
    await sweep();

    expect(await runs()).toEqual([]);
    expect((await pipelineStanding(deps(), "scoring")).heldCatchUp).toBeNull();
  });
});

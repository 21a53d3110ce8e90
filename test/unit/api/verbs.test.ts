import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { callApi, type ApiRequest } from "../../support/api-calls";
import { useAzurite } from "../../support/azurite";
import { createTakeSlot } from "../../../src/activities/take-slot";

/** The verbs of people through the HTTP door. */

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const call = async (id: string, request: ApiRequest = {}) => {
  const { activities, pipelines } = fixture;
  const ports = { runs: activities.requests, pipelines, operations: { activities, definitions: pipelines } };
  return callApi(id, ports, request, { starterFor: () => fixture.starter });
};
const reason = "the plant is being rebuilt";
const pipeline = { pipeline: "scoring" };
const close = async (runId: string) =>
  fixture.ledger.runs.change(runId, () => ({ state: "failed", endedAt: fixture.ledger.now().toISOString() }));

it("a pipeline is paused with a reason, shown as such, and resumed", async () => {
  expect((await call("pausePipeline", { params: pipeline, body: {} })).body["errors"]).toMatchObject([
    { pointer: "/reason" },
  ]);

  const paused = await call("pausePipeline", { params: pipeline, body: { reason } });
  const status = await call("getPipelineStatus", { params: pipeline });
  fixture.clock.advance(1000);
  const resumed = await call("resumePipeline", { params: pipeline, body: { reason: "rebuilt" } });

  expect([paused.status, status.status, resumed.status]).toEqual([200, 200, 200]);
  expect(status.body).toMatchObject({ pause: { reason }, nextRunAt: null, waiting: { drops: 0 } });
  expect(resumed.body).toMatchObject({ pause: null, nextRunAt: expect.any(String) });
  expect((await call("listActions", { params: { subject: "scoring" } })).body["value"]).toMatchObject([
    { action: "resume" },
    { action: "pause", reason, by: null },
  ]);
  expect(await call("pausePipeline", { params: { pipeline: "nobody" }, body: { reason } })).toMatchObject({
    status: 404,
  });
});

it("a run that ended is rerun once for a key, and an open one is hurried", async () => {
  const runId = await fixture.openRun();
  expect((await call("rerunRun", { params: { runId }, body: { reason } })).status).toBe(409);
  expect((await call("hurryRun", { params: { runId }, body: { reason } })).status).toBe(202);
  await close(runId);
  const rerun = async () =>
    call("rerunRun", { params: { runId }, body: { reason }, headers: { "idempotency-key": "k" } });

  const [first, again] = [await rerun(), await rerun()];

  expect([first.status, again.status]).toEqual([202, 202]);
  expect(first.body["id"]).toBe(again.body["id"]);
  expect(first.body["id"]).not.toBe(runId);
  expect((await call("hurryRun", { params: { runId }, body: { reason } })).status).toBe(409);
});

it("a run shows who asked for it", async () => {
  const claims = [
    { typ: "roles", val: "operator" },
    { typ: "preferred_username", val: "ada@example.org" },
  ];
  const principal = { auth_typ: "aad", claims, name_typ: "preferred_username", role_typ: "roles" };
  const headers = { "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64") };
  const { activities, pipelines } = fixture;
  const ports = { runs: activities.requests, pipelines };

  const started = await callApi("startRun", ports, { params: pipeline, headers }, { auth: "easyAuth" });

  expect(started).toMatchObject({ status: 202, body: { requestedBy: "ada@example.org" } });
});

it("a selection is shown with its count, then changed by its hash, and 409 when it has moved", async () => {
  const runs = [await fixture.openRun({ rerun: true }), await fixture.openRun({ rerun: true })];
  for (const runId of runs) await close(runId);
  const params = { action: "retry" };
  const filter = { pipeline: "scoring", state: "failed" };

  const plan = await call("planRunAction", { params, query: "?pipeline=scoring&state=failed" });
  const { hash } = plan.body;
  const applied = await call("applyRunAction", { params, body: { ...filter, hash, reason } });
  const again = await call("applyRunAction", { params, body: { ...filter, hash, reason } });

  expect(plan.body).toMatchObject({ count: 2, excluded: 0 });
  expect(applied.body).toMatchObject({ done: 2, failed: 0 });
  expect(again).toMatchObject({ status: 409, body: { type: "urn:batchkeeper:problem:plan-moved" } });
});

it("a run is settled and abandoned by name, and a slot is released from the run that holds it", async () => {
  const runId = await fixture.openRun();
  await createTakeSlot(fixture.activities)({ runId, attempt: 1 }, fixture.context);
  const slots = await call("listSlots");
  const released = await call("releaseGroupSlot", {
    params: { group: "group" },
    body: { holder: "scoring-20151116t063000-1a2b3c4d", reason },
  });

  const settled = await call("settleDatabricksRuns", { params: { runId }, body: { reason } });
  const abandoned = await call("abandonRun", { params: { runId }, body: { reason } });

  expect(slots.body["value"]).toEqual([{ group: "group", holder: runId, waiting: [] }]);
  expect(released).toMatchObject({ status: 409, body: { type: "urn:batchkeeper:problem:slot-moved" } });
  expect(settled.body).toEqual({ settled: [] });
  expect(abandoned).toMatchObject({ status: 200, body: { state: "failed", error: { code: "ABANDONED" } } });
  expect((await call("listSlots")).body["value"]).toMatchObject([{ holder: null }]);
});

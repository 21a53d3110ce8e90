import { runSchema } from "../../../src/api/runs/schemas";
import { type ApiRequest } from "../../support/api-calls";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const { start, startWithKey, end } = api;

describe("startRun", () => {
  it("answers 202 with the run, where it is and when to look, and starts its orchestration", async () => {
    const answer = await start({
      body: { window: { start: "2015-11-15T06:00:00Z", end: "2015-11-16T06:00:00Z" }, parameters: { depth: "2" } },
    });

    expect(answer.status).toBe(202);
    const run = runSchema.parse(answer.body);
    expect(run).toMatchObject({
      pipeline: "scoring",
      state: "requested",
      reason: "http",
      window: { start: "2015-11-15T06:00:00.000Z", end: "2015-11-16T06:00:00.000Z" },
      parameters: { depth: "2" },
      steps: [{ name: "ingestion", job: "job-ingestion", state: "pending", generations: [] }],
    });
    expect(answer.headers).toMatchObject({
      location: `https://app.example/api/v1/runs/${run.id}`,
      "retry-after": "5",
    });
    expect(api.test.starter.started).toEqual([`${run.id}-a1`]);
  });

  it("takes an empty body and no key", async () => {
    expect((await start()).status).toBe(202);
  });

  it("gives the same answer to the same key and body, also when the run is over", async () => {
    const first = await startWithKey("key-1", { parameters: { depth: "2" } });
    const second = await startWithKey('"key-1"', { parameters: { depth: "2" }, rerun: false });
    await end(idOf(first), "succeeded");
    const third = await startWithKey("key-1", { parameters: { depth: "2" } });

    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(third).toMatchObject({ status: 202, body: { id: idOf(first), state: "succeeded" } });
    expect(new Set(api.test.starter.started).size).toBe(1);
  });

  it("refuses the same key with another body: 422", async () => {
    const first = await startWithKey("key-1", {});
    const answer = await startWithKey("key-1", { parameters: { depth: "3" } });

    expect(answer.status).toBe(422);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      type: "urn:batchkeeper:problem:idempotency-key-reused",
      status: 422,
      instance: "/api/v1/pipelines/scoring/runs",
    });
    expect(JSON.stringify(answer.body["detail"])).toContain(idOf(first));
  });

  it("returns the open run for the same work, and a new one for rerun: true", async () => {
    const first = await startWithKey("key-1");
    const same = await startWithKey("key-2");
    const again = await startWithKey("key-3", { rerun: true });

    expect(idOf(same)).toBe(idOf(first));
    expect(idOf(again)).not.toBe(idOf(first));
    expect(again.body["rerun"]).toBe(true);
  });

  it("makes one run of many simultaneous requests with one key", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => startWithKey("key-1")));

    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    expect(new Set(answers.map(idOf)).size).toBe(1);
  });

  it("names the known pipelines when it does not know one: 404", async () => {
    const answer = await start({}, "scorinf");

    expect(answer.status).toBe(404);
    expect(answer.body["detail"]).toBe('there is no pipeline "scorinf"; known: scoring, training');
  });

  it.each<[string, ApiRequest, { pointer: string; detail: RegExp }[]]>([
    [
      "a window that ends before it starts",
      { body: { window: { start: "2015-11-16T00:00:00Z", end: "2015-11-15T00:00:00Z" } } },
      [{ pointer: "/window", detail: /before end/ }],
    ],
    [
      "a window without UTC",
      { body: { window: { start: "2015-11-16T00:00:00", end: "2015-11-17" } } },
      [
        { pointer: "/window/start", detail: /ISO/ },
        { pointer: "/window/end", detail: /ISO/ },
      ],
    ],
    [
      "half a window",
      { body: { window: { start: "2015-11-16T00:00:00Z" } } },
      [{ pointer: "/window/end", detail: /string/ }],
    ],
    [
      "an unknown field and a wrong type",
      { body: { rerun: "yes", windw: 1 } },
      [
        { pointer: "/rerun", detail: /boolean/ },
        { pointer: "/windw", detail: /not known/ },
      ],
    ],
    [
      "a parameter that is no string",
      { body: { parameters: { "a/b": 1, depth: 2 } } },
      [
        { pointer: "/parameters/a~1b", detail: /./ },
        { pointer: "/parameters/depth", detail: /string/ },
      ],
    ],
    [
      "a parameter that no step has",
      { body: { parameters: { dept: "2" } } },
      [{ pointer: "", detail: /dept.*known: depth/ }],
    ],
    ["a body that is no JSON", { body: "{window" }, [{ pointer: "", detail: /not JSON/ }]],
    ["an array", { body: "[]" }, [{ pointer: "", detail: /object/ }]],
    ["an empty key", { headers: { "idempotency-key": "" } }, [{ pointer: "Idempotency-Key", detail: /1 to 128/ }]],
    [
      "a key that is too long",
      { headers: { "idempotency-key": "k".repeat(129) } },
      [{ pointer: "Idempotency-Key", detail: /1 to 128/ }],
    ],
  ])("refuses %s and says where: 400", async (_name, request, errors) => {
    const answer = await start(request);

    expect(answer.status).toBe(400);
    expect(answer.body["errors"]).toEqual(
      expect.arrayContaining(errors.map(({ pointer, detail }) => ({ pointer, detail: expect.stringMatching(detail) }))),
    );
    expect(answer.body["errors"]).toHaveLength(errors.length);
    expect(api.test.starter.started).toEqual([]);
  });

  it("takes JSON from curl, which calls it a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };

    expect(await start({ headers, body: { parameters: { depth: "4" } } })).toMatchObject({
      status: 202,
      body: { parameters: { depth: "4" } },
    });
    expect((await start({ headers, body: "depth=4" })).status).toBe(415);
  });

  it("refuses a huge body: 413", async () => {
    const answer = await start({ body: JSON.stringify({ parameters: { depth: "x".repeat(300_000) } }) });

    expect(answer).toMatchObject({ status: 413, body: { remedy: "Send at most 256 KiB." } });
  });

  it("refuses what is not JSON by its type: 415", async () => {
    expect((await start({ headers: { "content-type": "text/csv" }, body: "a,b" })).status).toBe(415);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evidenceSchema, predictionsSchema } from "../../../src/api/predictions/schemas";
import type { PipelineDefinition } from "../../../src/domain/pipeline-definition";
import { createEvidence } from "../../../src/runs/results/evidence";
import { createPredictions } from "../../../src/runs/results/predictions";
import { REPO_ROOT } from "../../../local/paths";
import { callApi } from "../../support/api-calls";
import { idOf, RunsApi } from "../../support/runs-api";

/** Files as Spark wrote them: `first` scores three machines on two days, `second` one of these points again and the day after. */
const exported = (name: string) => readFileSync(join(REPO_ROOT, "test", "fixtures", "predictions", `${name}.parquet`));

const api = new RunsApi();
let downloads: string[] = [];
let ports: Parameters<typeof callApi>[1];

beforeEach(() => {
  downloads = [];
  const { runs, blobs } = api.test.ledger;
  const counted = {
    head: async (container: string, path: string) => blobs.head(container, path),
    readBytes: async (container: string, path: string) => {
      downloads.push(path);
      return blobs.readBytes(container, path);
    },
  };
  ports = {
    ...api.ports,
    predictions: createPredictions({ runs, blobs: counted, container: "results" }),
    evidence: createEvidence({ runs, blobs, container: "results", definitions: api.test.pipelines }),
  };
});

/** A run that succeeded and exported a file. */
async function scored(file: string): Promise<string> {
  const runId = idOf(await api.start({ body: { rerun: true } }));
  await api.end(runId, "succeeded");
  const { blobs } = api.test.ledger;
  await blobs.createBytes("results", `${runId}/predictions.parquet`, exported(file), {});
  api.test.clock.advance(1000);
  return runId;
}

const top = (query = "") => callApi("topPredictions", ports, { params: { pipeline: "scoring" }, query });
const of = (entity: string, query = "") =>
  callApi("entityPredictions", ports, { params: { pipeline: "scoring", entity }, query });

describe("the newest scores", () => {
  it("are those of the latest point, the most likely first, whatever ran since without scoring", async () => {
    const runId = await scored("first");
    const other = idOf(await api.start({ body: { rerun: true } }));
    await api.end(other, "succeeded");

    const answer = await top("?top=3");

    const { value, asOf } = predictionsSchema.parse(answer.body);
    expect([answer.body["runId"], asOf]).toEqual([runId, "2015-11-16T06:30:00.000Z"]);
    expect(
      value.map(({ entity, horizonHours, probability, alert }) => [
        entity,
        horizonHours,
        probability.toFixed(2),
        alert,
      ]),
    ).toEqual([
      ["17", 48, "0.62", true],
      ["17", 48, "0.62", true],
      ["2", 48, "0.47", false],
    ]);
    expect(value[0]).toMatchObject({ target: "comp1", reasons: ["errors in the last day"], modelVersion: "3" });
  });

  it("are filtered by horizon, target, alert and run", async () => {
    const first = await scored("first");
    await scored("second");
    const entities = async (query: string) =>
      predictionsSchema.parse((await top(query)).body).value.map(({ entity, target }) => `${entity} ${target}`);

    expect(await entities("")).toEqual(["2 comp1", "17 comp1"]);
    expect(await entities("?alerts=true")).toEqual(["2 comp1"]);
    expect(await entities(`?runId=${first}&horizon=48&target=comp2&top=1`)).toEqual(["17 comp2"]);
    expect(await entities("?horizon=168")).toEqual([]);
  });

  it("are not there before anything was scored: 404 with what to do", async () => {
    await api.start();

    expect(await top()).toMatchObject({ status: 404, body: { type: "urn:batchkeeper:problem:no-predictions" } });
    expect((await top("?runId=nope")).status).toBe(404);
    await api.test.ledger.blobs.createBytes("results", "other/predictions.parquet", exported("first"), {});
    expect((await top("?runId=other")).status).toBe(404);
    expect((await top("?horizon=soon")).status).toBe(400);
  });
});

describe("one machine's chances", () => {
  it("are told over all runs, and of a point that was scored again the newest revision", async () => {
    await scored("first");
    await scored("second");

    const { value } = predictionsSchema.parse((await of("17", "?horizon=24&target=comp1")).body);

    expect(
      value.map(({ asOf, probability, revision, note }) => [asOf.slice(8, 10), probability.toFixed(2), revision, note]),
    ).toEqual([
      ["15", "0.27", 0, null],
      ["16", "0.90", 1, "late readings"],
      ["17", "0.20", 0, null],
    ]);
    expect(await of("18")).toMatchObject({ status: 404, body: { detail: expect.stringContaining('"18"') } });
  });

  it("are read once from each file, until a run writes it anew", async () => {
    const runId = await scored("first");
    await of("17");
    await of("2");
    await top();
    expect(downloads).toHaveLength(1);

    const { blobs } = api.test.ledger;
    await blobs.remove("results", `${runId}/predictions.parquet`);
    await blobs.createBytes("results", `${runId}/predictions.parquet`, exported("second"), {});

    expect(predictionsSchema.parse((await top()).body).value).toHaveLength(2);
    expect(downloads).toHaveLength(2);
  });

  it("is an error of ours, not an empty answer, when the file is none", async () => {
    const runId = idOf(await api.start());
    await api.end(runId, "succeeded");
    await api.test.ledger.blobs.createBytes("results", `${runId}/predictions.parquet`, Buffer.from("PAR1 or so"), {});

    expect((await top()).status).toBe(500);
  });
});

const definitionOf = (name: string): PipelineDefinition => api.test.pipelines.get(name) as PipelineDefinition;
const evidenceOf = (entity: string) => callApi("entityEvidence", ports, { params: { pipeline: "scoring", entity } });

/** A run of a pipeline that succeeded and wrote a JSON file. */
async function wrote(pipeline: string, name: string, value: unknown): Promise<string> {
  const runId = idOf(await api.start({ body: { rerun: true } }, pipeline));
  await api.end(runId, "succeeded");
  await api.test.ledger.blobs.putJson("results", `${runId}/${name}`, value);
  api.test.clock.advance(1000);
  return runId;
}

/** As scoring writes it of the point at 6 o'clock of a day. */
const evidenceAt = (day: number, ...entities: string[]) => ({
  ...{ schemaVersion: 1, runId: "r", asOf: `2015-11-${day}T06:00:00Z`, from: `2015-11-${day - 7}T06:00:00Z` },
  ...{
    stepSeconds: 86_400,
    values: [
      { name: "volt", unit: "V" },
      { name: "hours", unit: "" },
    ],
  },
  entities: Object.fromEntries(
    entities.map((entity) => [
      entity,
      {
        readings: { volt: [170, null, 171, 172, 173, 174, day], hours: [1, 2, 3, 4, 5, 6, 7] },
        normal: { volt: [170.5, 2.5] },
        marks: [{ at: "2015-11-15T02:00:00Z", kind: "event", name: "error2" }],
      },
    ]),
  ),
});

describe("what speaks for a machine's chances", () => {
  it("are the days before its latest point, whichever run kept them last", async () => {
    const runId = await wrote("scoring", "evidence.json", evidenceAt(17, "17", "2"));
    await wrote("scoring", "evidence.json", evidenceAt(18, "2"));
    // A backfill runs later and scores older points.
    await wrote("scoring", "evidence.json", evidenceAt(12, "17"));

    const { before } = evidenceSchema.parse((await evidenceOf("17")).body);

    expect(before).toMatchObject({ runId, asOf: "2015-11-17T06:00:00Z", stepSeconds: 86_400 });
    expect(before?.values).toEqual([
      { name: "volt", unit: "V", mean: 170.5, sd: 2.5, points: [170, null, 171, 172, 173, 174, 17] },
      { name: "hours", unit: "", mean: null, sd: null, points: [1, 2, 3, 4, 5, 6, 7] },
    ]);
    expect(before?.marks).toEqual([{ at: "2015-11-15T02:00:00Z", kind: "event", name: "error2" }]);
  });

  it("are not what failed in another scenario, whose machine of this name is another one", async () => {
    const other = { ...definitionOf("training"), scenario: "drives", schema: "drives" };
    const definitions = new Map([...api.test.pipelines, ["training", other]]);
    const { runs, blobs } = api.test.ledger;
    ports = { ...ports, evidence: createEvidence({ runs, blobs, container: "results", definitions }) };
    const failures = [{ entity: "17", target: "comp1", at: "2015-11-02T06:00:00Z" }];
    await wrote("training", "monitoring.json", {
      happened: { from: "2015-10-01T06:00:00Z", until: "2015-11-10T06:00:00Z", failures },
    });

    const { afterwards } = evidenceSchema.parse((await evidenceOf("17")).body);

    expect(afterwards).toEqual({ known: [], failures: [] });
  });

  it("are what failed since, as far as a monitoring run knows", async () => {
    const failed = (entity: string, at: string) => ({ entity, target: "comp1", at });
    const happened = (until: string, ...failures: unknown[]) => ({
      happened: { from: "2015-10-01T06:00:00Z", until, failures },
    });
    await wrote("training", "monitoring.json", happened("2015-11-10T06:00:00Z", failed("17", "2015-11-02T06:00:00Z")));
    await wrote("training", "monitoring.json", happened("2015-11-20T06:00:00Z", failed("17", "2015-11-18T06:00:00Z"), failed("2", "2015-11-12T06:00:00Z"), failed("17", "2015-11-02T06:00:00Z"))); // prettier-ignore

    const { afterwards } = evidenceSchema.parse((await evidenceOf("17")).body);

    expect(afterwards.failures.map(({ at }) => at)).toEqual(["2015-11-02T06:00:00Z", "2015-11-18T06:00:00Z"]);
    expect(afterwards.known.map(({ until }) => until)).toEqual(["2015-11-20T06:00:00Z", "2015-11-10T06:00:00Z"]);
  });

  it("are nothing where runs of before, or of somebody else, kept nothing of the kind", async () => {
    await scored("first");
    await wrote("scoring", "evidence.json", { rows: 3 });
    await wrote("training", "monitoring.json", { evaluations: [] });
    await wrote("scoring", "evidence.json", evidenceAt(17, "2"));

    expect((await evidenceOf("17")).body).toEqual({
      entity: "17",
      before: null,
      afterwards: { known: [], failures: [] },
    });
    expect((await evidenceOf("__proto__")).body["before"]).toBeNull();
  });
});

import { modelPageSchema } from "../../../src/api/models/operations";
import type { ExitJson } from "../../../src/domain/exit-json";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const MODEL = "main.pdm.fleet";

/** A run whose only step ended with this. */
async function ran(pipeline: string, version: string, over: Partial<ExitJson> = {}): Promise<string> {
  const { ledger, clock } = api.test;
  const runId = idOf(await api.start({ body: { rerun: true } }, pipeline));
  const intendedAt = new Date(clock.now()).toISOString();
  const intent = { runId, step: "ingestion", ordinal: 0, generation: 0, attempt: 1, job: "j", intendedAt };
  await ledger.generations.intend({ ...intent, idempotencyToken: `t-${runId}` });
  const exit: ExitJson = {
    ...{ schemaVersion: 1, step: "ingestion", runId, status: "ok", reason: null, counts: {}, tables: {}, warnings: [] },
    model: { name: MODEL, version },
    ...over,
  };
  await ledger.generations.change(runId, 0, 0, () => ({ terminal: true, status: "ok", exit, endedAt: intendedAt }));
  clock.advance(60_000);
  return runId;
}
const judged = (version: string, decision: string, warnings: string[] = []) =>
  ran("training", version, { metrics: { decision, f1: 0.9 }, warnings });

describe("listModels", () => {
  it("tells champion, challenger and former from what runs said, with the gate's reasons", async () => {
    await judged("1", "promoted");
    await judged("2", "promoted");
    const used = await ran("scoring", "2");
    const refused = await judged("3", "refused", ["recall fell"]);

    const { value } = modelPageSchema.parse((await api.call("listModels")).body);

    expect(value.map(({ version, role }) => [version, role])).toEqual([
      ["3", "challenger"],
      ["2", "champion"],
      ["1", "former"],
    ]);
    expect(value[0]?.events).toMatchObject([
      { runId: refused, decision: "refused", warnings: ["recall fell"], metrics: { f1: 0.9 } },
    ]);
    expect(value[1]?.events[0]).toMatchObject({ runId: used, pipeline: "scoring", decision: null });
  });

  it("takes what scoring uses for the champion when no promotion is seen any more", async () => {
    await ran("scoring", "7");

    expect((await api.call("listModels")).body["value"]).toMatchObject([{ version: "7", role: "champion" }]);
  });

  it("lists nothing where no step speaks of a model", async () => {
    await api.start();

    expect((await api.call("listModels")).body["value"]).toEqual([]);
  });
});

import { recordBlob } from "../../../src/ledger/drops/record-blob";
import { createRunRequests } from "../../../src/ledger/create-run-requests";
import type { PipelineDefinition } from "../../../src/domain/pipeline-definition";
import { routeOrphansTo } from "../../../src/operations/route-drops";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  await fixture.ledger.registry.register("scoring", "group");
  for (const path of ["telemetry/a.csv", "errors/b.csv"]) {
    await fixture.put(path, path);
    await recordBlob({ ...fixture.ledger, definitions: fixture.pipelines }, fixture.container, path);
  }
});

/** The requests of the app after its pipeline was renamed; the new pattern takes telemetry alone. */
const renamed = () => {
  const [old] = fixture.pipelines.values();
  if (!old?.drops) throw new Error("the fixture's pipeline takes drops");
  const drops = { ...old.drops, pathPattern: "^(?<source>telemetry)/.+$" };
  return createRunRequests({
    ...fixture.ledger,
    definitions: new Map([["rescored", { ...old, name: "rescored", drops }]]),
    randomHex: () => "00000000",
  });
};

describe("drops of a pipeline whose definition is gone", () => {
  it("are listed as orphaned", async () => {
    const { items } = await renamed().listDrops({ pipeline: "scoring", state: "pending" });

    expect(items.map(({ path }) => path).sort()).toEqual(["errors/b.csv", "telemetry/a.csv"]);
    for (const { reason } of items) expect(reason).toMatch(/^orphaned: .*route/);
  });

  it("go to another pipeline as far as that one takes them, once", async () => {
    const requests = renamed();

    expect(await requests.routeDrops("scoring", "rescored", fixture.starter)).toEqual({ routed: 1, refused: 1 });
    expect(await requests.routeDrops("scoring", "rescored", fixture.starter)).toEqual({ routed: 0, refused: 1 });

    const { items } = await requests.listDrops({ pipeline: "rescored", state: "pending" });
    expect(items).toMatchObject([{ path: "telemetry/a.csv", source: "telemetry", reason: null }]);
    expect(await fixture.ledger.drops.pending("scoring")).toMatchObject({ count: 1 });
    expect(fixture.starter.started).toContain("collector-rescored");
  });

  it("go by a person's verb with a note of who and why, and of what is refused there is none", async () => {
    const requests = renamed();
    const definitions = new Map([["rescored", [...fixture.pipelines.values()][0] as PipelineDefinition]]);
    const deps = { activities: { ...fixture.activities, requests }, definitions };
    const ada = { by: "ada", reason: "it was renamed", ...fixture.context };

    await expect(routeOrphansTo(deps, "scoring", "nobody", ada)).rejects.toMatchObject({
      name: "UnknownPipelineError",
    });
    expect(await fixture.ledger.actions.list("scoring", 5)).toEqual([]);
    expect(await routeOrphansTo(deps, "scoring", "rescored", ada)).toEqual({ routed: 1, refused: 1 });
    expect(await fixture.ledger.actions.list("scoring", 5)).toMatchObject([
      { action: "route", by: "ada", reason: "it was renamed", about: "to rescored" },
    ]);
  });

  it("are not taken from a pipeline that is still defined", async () => {
    await expect(fixture.activities.requests.routeDrops("scoring", "scoring", fixture.starter)).rejects.toMatchObject({
      name: "InvalidRequestError",
    });
  });
});

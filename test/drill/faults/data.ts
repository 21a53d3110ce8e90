import { writeSetAside } from "../set-aside";
import { part } from "../doors";
import { reason, type Act, type DrillFault } from "../fault";
import { definition, DOORS, type DoorName, type Site } from "../site";

/** Drops that nobody reads, what ingestion set aside, and pipelines that do not start. */

const quarantine = (shows: RegExp): Act => ({
  operation: "listQuarantine",
  sends: ({ pipeline }) => ({ path: { pipeline } }),
  shows,
});
const firstItem = (shown: readonly string[]) => ({ id: part(shown[0] ?? "", "value", 0, "id") });
const requeue: Act = {
  operation: "requeueDrop",
  sends: ({ pipeline, path }) => ({ path: { pipeline }, body: { path, reason } }),
};
const batched = async (site: Site, _door: DoorName, { path }: { readonly path: string }) =>
  site.dropIs(path, "batched");

/** Delivers a file of which the next run sets something aside. */
const setAside = (name: string, what: "rows" | "file") => async (site: Site, door: DoorName) => {
  const path = `${door}/meters/${name}.csv`;
  // The run of the fault before takes its own behaviour.
  await site.until("no run is open", async () => (await site.newest(door)).endedAt);
  site.behaviours.set(door, [{ delayMs: 1500, setAside: what }]);
  await site.put(path);
  await site.dropIs(path, "batched");
  const run = await site.newest(door);
  await writeSetAside(site.ledger, run.id, path, what);
  await site.inState(run.id, "succeeded");
  return { path };
};
const released: DrillFault["healed"] = async (site, _door, { shown }) =>
  site.dropIs(part(shown.at(-1) ?? "", "decision", "dropPath"), "batched");

export const DATA_FAULTS: readonly DrillFault[] = [
  {
    fault: "A source delivers under a name that no pipeline takes",
    async cause(site, door) {
      const path = `odd-${door}.txt`;
      await site.put(path);
      await site.dropIs(path, "quarantined");
      return { path };
    },
    acts: [
      {
        operation: "listQuarantine",
        sends: ({ pipeline }) => ({ path: { pipeline } }),
        shows: /fits no pipeline[^]*Mend pathPattern/,
      },
      {
        operation: "discardQuarantine",
        sends: ({ shown, path }) => {
          const { value } = JSON.parse(shown[0] ?? "") as { value: { id: string; path: string }[] };
          return { path: { id: value.find((item) => item.path === path)?.id ?? "" }, body: { why: reason } };
        },
      },
    ],
    healed: async (site, _door, { path }) => site.until("it is decided", async () => (await site.drop(path))?.decision),
  },
  {
    fault: "A file arrives in the archive tier",
    async cause(site, door) {
      const path = `${door}/meters/archived.csv`;
      await site.blob(path).upload("meter,value\na,1\n", 16, { tier: "Archive" });
      await site.dropIs(path, "quarantined");
      return { path };
    },
    elsewhere: {
      what: "the blob is brought back to the hot tier",
      mend: async (site) => {
        for (const door of DOORS) await site.blob(`${door}/meters/archived.csv`).setAccessTier("Hot");
      },
    },
    acts: [quarantine(/archive tier[^]*Bring it back/), requeue],
    healed: batched,
  },
  {
    fault: "A row of a file breaks a rule",
    cause: setAside("rows", "rows"),
    acts: [
      quarantine(/wrong_type:value[^]*Release the rows/),
      { operation: "showQuarantine", sends: ({ shown }) => ({ path: firstItem(shown) }), shows: /"line": ?2[^]*a,x/ },
      {
        operation: "releaseQuarantine",
        sends: ({ shown }) => ({ path: firstItem(shown), body: { rows: [{ line: 2, text: "a,1" }], why: reason } }),
      },
    ],
    healed: released,
  },
  {
    fault: "A whole file is set aside, and was sound",
    cause: setAside("whole", "file"),
    elsewhere: { what: "the source is declared", mend: () => undefined },
    acts: [
      quarantine(/unknown_source[^]*Declare the source/),
      { operation: "releaseQuarantine", sends: ({ shown }) => ({ path: firstItem(shown), body: { why: reason } }) },
    ],
    healed: released,
  },
  {
    fault: "A pipeline was paused, and its files wait",
    async cause(site, door) {
      const path = `${door}/meters/paused.csv`;
      await site.api("POST", `pipelines/${door}/pause`, { reason: "the plant is being rebuilt" });
      await site.put(path);
      await site.dropIs(path, "pending");
      return { path };
    },
    acts: [
      {
        operation: "tellWhy",
        sends: ({ path }) => ({ query: { of: path } }),
        shows: /paused at [^]*rebuilt[^]*resume it/,
      },
      { operation: "resumePipeline", sends: ({ pipeline }) => ({ path: { pipeline }, body: { reason } }) },
    ],
    healed: batched,
  },
  {
    fault: "The app was away for years of its schedule, which waits for approval",
    async cause(site, door) {
      await site.ledger.states.setScheduledUntil(door, "2020-06-01T00:00:00.000Z");
      await site.sweep();
      await site.until("the catch-up is held", async () => (await site.ledger.states.get(door)).heldCatchUp);
    },
    acts: [
      {
        operation: "getPipelineStatus",
        sends: ({ pipeline }) => ({ path: { pipeline } }),
        shows: /"heldCatchUp": ?\{/,
      },
      {
        operation: "decideCatchUp",
        sends: ({ pipeline }) => ({ path: { pipeline }, body: { approve: true, reason } }),
      },
    ],
    async healed(site, door, { shown }) {
      await site.inState(part(shown.at(-1) ?? "", "runId"), "succeeded");
      expect((await site.ledger.states.get(door)).heldCatchUp).toBeNull();
    },
  },
  {
    fault: "Two days were never scored",
    cause: async () => undefined,
    acts: [
      {
        operation: "planBackfill",
        sends: ({ pipeline }) => ({
          path: { pipeline },
          query: { from: "2015-11-01T06:00:00Z", to: "2015-11-03T06:00:00Z" },
        }),
        shows: /"count": ?2[^]*"action": ?"run"/,
      },
      {
        operation: "startBackfill",
        sends: ({ pipeline, shown }) => ({
          path: { pipeline },
          body: {
            from: "2015-11-01T06:00:00Z",
            to: "2015-11-03T06:00:00Z",
            hash: part(shown[0] ?? "", "hash"),
            reason,
          },
        }),
      },
    ],
    healed: async (site, _door, { shown }) =>
      site.until("the backfill is done", async () => {
        const { state } = await site.api<{ state: string }>("GET", `backfills/${part(shown.at(-1) ?? "", "id")}`);
        if (state !== "running") expect(state).toBe("completed");
        return state === "completed";
      }),
  },
  {
    fault: "A source was renamed, and the pattern was not",
    async cause(site, door) {
      const path = `${door}/2meters/renamed.csv`;
      await site.put(path);
      await site.dropIs(path, "quarantined");
      return { path };
    },
    elsewhere: {
      what: "pathPattern of the definition is mended and deployed",
      mend: async (site) => {
        for (const door of DOORS) site.define(mended(door, door));
        await site.restart();
      },
    },
    acts: [
      // Of a path without a pipeline any pipeline tells.
      {
        operation: "tellWhy",
        sends: ({ path }) => ({ query: { of: path } }),
        shows: /fits no pipeline[^]*Mend pathPattern/,
      },
      requeue,
    ],
    healed: batched,
  },
  {
    fault: "A pipeline is gone, and its files wait for ever",
    async cause(site, door) {
      const path = `old-${door}/meters/orphan.csv`;
      await site.api("POST", `pipelines/old-${door}/pause`, { reason: "it is going" });
      await site.put(path);
      await site.dropIs(path, "pending");
      // The sweeper makes pipelines known that have had no run.
      await site.sweep();
      await site.until("it is known", async () => (await site.ledger.registry.pipelines()).includes(`old-${door}`));
      site.undefine(`old-${door}`);
      return { path };
    },
    async onset(site) {
      for (const door of DOORS) site.define(mended(door, `(old-)?${door}`));
      await site.restart();
    },
    acts: [
      { operation: "tellWhy", sends: ({ path }) => ({ query: { of: path } }), shows: /waits for ever[^]*Route it/ },
      {
        operation: "routeDrops",
        sends: ({ pipeline }) => ({ path: { pipeline: `old-${pipeline}` }, body: { to: pipeline, reason } }),
      },
    ],
    healed: batched,
  },
];

function mended(door: DoorName, folder: string) {
  const base = definition(door) as { drops: object };
  return { ...base, drops: { ...base.drops, pathPattern: `^${folder}/(?<source>[a-z0-9]+)/.+\\.csv$` } };
}

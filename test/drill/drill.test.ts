import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../local/paths";
import { toolName } from "../../src/api/mcp/tools";
import { operationOf } from "../support/api-calls";
import { cli } from "../support/cli";
import { cliDoor, mcpDoor, type Door } from "./doors";
import type { Act, DrillFault, Known } from "./fault";
import { DATA_FAULTS } from "./faults/data";
import { RUN_FAULTS } from "./faults/runs";
import { drillTable } from "./page";
import { DOORS, Site, type DoorName } from "./site";

/** Faults are caused one after the other, and each is found and mended by at most three actions, by command and by tool. */

// A run that waits for its turn looks again after up to a minute.
jest.setTimeout(400_000);

const FAULTS: readonly DrillFault[] = [...RUN_FAULTS, ...DATA_FAULTS];
const site = new Site();
const doors: Readonly<Record<DoorName, Door>> = { cli: cliDoor(() => site.url), mcp: mcpDoor(() => site.url) };
beforeAll(async () => site.start());
afterAll(async () => site.stop());

const both = async <T>(work: (door: DoorName) => Promise<T>): Promise<T[]> => Promise.all(DOORS.map(work));

/** Carries an action out and adds what the door showed. */
async function acted(door: DoorName, { operation, sends, shows, after }: Act, known: Known): Promise<Known> {
  await after?.(site, door);
  const shown = await doors[door](operation, sends(known));
  if (shows) expect(shown).toMatch(shows);
  return { ...known, shown: [...known.shown, shown] };
}

it("has 25 faults, each with at most three actions, and its story is told in docs/operate.md", () => {
  expect(FAULTS).toHaveLength(25);
  expect(FAULTS.filter(({ acts }) => acts.length > 3)).toEqual([]);
  expect(readFileSync(join(REPO_ROOT, "docs", "operate.md"), "utf8")).toContain(drillTable(FAULTS));
});

it("uses commands that --help leads to, each of which is a tool as well", async () => {
  const { out: top } = await cli(["--help"]);
  for (const id of new Set(FAULTS.flatMap(({ acts }) => acts.map(({ operation }) => operation)))) {
    const operation = operationOf(id);
    const [group = "", word] = (operation.command ?? "").split(" ");
    const { out } = word === undefined ? { out: top } : await cli([group, "--help"]);
    expect(top).toMatch(new RegExp(`^ +${group}\\b`, "m"));
    expect(out).toContain(operation.summary);
    expect(toolName(operation)).toMatch(/^[a-z_]+$/);
  }
});

it.each(FAULTS)("$fault", async ({ cause, onset, elsewhere, acts, healed }) => {
  const begun = await both(async (door): Promise<Known> => {
    const { path = "" } = (await cause(site, door)) ?? {};
    return { pipeline: door, path, shown: [] };
  });
  await onset?.(site);
  const of = (all: readonly Known[], door: DoorName): Known => all[DOORS.indexOf(door)] as Known;
  const [first, ...others] = acts;
  let known = await both(async (door) => acted(door, first as Act, of(begun, door)));
  await elsewhere?.mend(site);
  for (const act of others) known = await both(async (door) => acted(door, act, of(known, door)));
  await both(async (door) => healed(site, door, of(known, door)));
});

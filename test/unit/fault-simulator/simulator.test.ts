import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chance } from "../../../local/fault-simulator/kernel/chance";
import { Kernel } from "../../../local/fault-simulator/kernel/kernel";
import { Wire, type Caller } from "../../../local/fault-simulator/kernel/wire";
import { MUTATIONS } from "../../../local/fault-simulator/mutations/catalogue";
import { shrink } from "../../../local/fault-simulator/story/shrink";
import { planOf, type Plan } from "../../../local/fault-simulator/world/plan";
import type { Played } from "../../../local/fault-simulator/world/play";

const MAIN = join(__dirname, "..", "..", "..", "dist", "local", "fault-simulator", "main.js");
const TIMEOUT = 120_000;

function command(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

describe("the same seed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "simulator-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([4, 5, 13])(
    "%s gives the same trace, byte by byte, in another process",
    (seed) => {
      const [one, other] = [join(folder, "one.txt"), join(folder, "other.txt")];
      for (const file of [one, other]) command("--seed", String(seed), "--trace", file);

      const text = readFileSync(one, "utf8");
      expect(text.split("\n").length).toBeGreaterThan(500);
      expect(readFileSync(other, "utf8")).toBe(text);
    },
    TIMEOUT,
  );

  it(
    "gives another trace for another seed",
    () => {
      const [one, other] = [join(folder, "4.txt"), join(folder, "5.txt")];
      command("--seed", "4", "--trace", one);
      command("--seed", "5", "--trace", other);

      expect(readFileSync(one, "utf8")).not.toBe(readFileSync(other, "utf8"));
    },
    TIMEOUT,
  );

  it(
    "is written as a page with a lane for each who acts",
    () => {
      const file = join(folder, "page.html");
      const { stdout } = command("--seed", "4", "--trace", file);

      expect(stdout).toContain("seed 4");
      expect(readFileSync(file, "utf8")).toMatch(/<th>host 1<\/th>[\s\S]*<th>ledger<\/th>/);
    },
    TIMEOUT,
  );
});

describe("the command line", () => {
  it.each([
    ["--runs", "many"],
    ["--sead", "1"],
  ])("refuses %s %s and says how it is used", (...args) => {
    const { status, stderr } = command(...args);

    expect(status).toBe(2);
    expect(stderr).toContain("usage: simulate-faults");
  });
});

describe("the wire", () => {
  const caller = (alive: boolean): Caller => ({ name: "host", alive });
  const call = (effect: () => number, repeatable = true) => ({
    ...({ port: "table", verb: "insert", what: () => "x", effect, repeatable } as const),
    fault: (answered: boolean) => new Error(answered ? "lost" : "refused"),
  });
  /** Carries one call under one kind of fault, outside of any promise reaction, as the simulator does. */
  const carry = async (kind: string): Promise<{ result: string; effects: number }> =>
    new Promise((resolve) => {
      setImmediate(() => {
        const kernel = new Kernel(7, 0, false, 1000);
        const wire = new Wire(kernel, { table: { [kind]: 1 } });
        let effects = 0;
        let result = "no answer";
        wire
          .call(
            caller(true),
            call(() => (effects += 1)),
          )
          .then(
            (value) => (result = String(value)),
            (error: Error) => (result = error.message),
          );
        kernel.run(() => false);
        resolve({ result, effects });
      });
    });

  it("refuses before the effect", async () => {
    expect(await carry("refuse")).toEqual({ result: "refused", effects: 0 });
  });
  it("loses the answer after the effect", async () => {
    expect(await carry("lose")).toEqual({ result: "lost", effects: 1 });
  });
  it("repeats the call and gives the second answer", async () => {
    expect(await carry("repeat")).toEqual({ result: "2", effects: 2 });
  });
  it("lets a call that was waited for arrive late and unanswered, once its sender is dead", async () => {
    const seen = await new Promise<readonly [string, number, number]>((resolve) => {
      setImmediate(() => {
        const kernel = new Kernel(7, 0, false, 1000);
        const wire = new Wire(kernel, {});
        const sender = { name: "host", alive: true };
        let [result, effects] = ["no answer", 0];
        wire.snare = { matches: ({ verb }) => verb === "insert", lateMs: 5_000, spring: () => (sender.alive = false) };
        const sent = call(() => (effects += 1));
        void wire.call(sender, sent).finally(() => (result = "answered"));
        kernel.run(() => false);
        resolve([result, effects, kernel.now]);
      });
    });

    expect(seen).toEqual(["no answer", 1, 5_000]);
  });
  it("answers a call that nothing befalls", async () => {
    expect(await carry("none")).toEqual({ result: "1", effects: 1 });
  });
});

describe("chance", () => {
  it("draws the same numbers for the same seed and stream, and others for another", () => {
    const draw = (seed: number, stream: string): number[] => {
      const chance = new Chance(seed, stream);
      return Array.from({ length: 20 }, () => chance.next());
    };

    expect(draw(1, "a")).toEqual(draw(1, "a"));
    expect(draw(1, "a")).not.toEqual(draw(2, "a"));
    expect(draw(1, "a")).not.toEqual(draw(1, "b"));
  });

  it("spreads evenly", () => {
    const chance = new Chance(3);
    const tens = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) tens[chance.whole(0, 9)]! += 1;

    for (const count of tens) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe("shrinking", () => {
  it("keeps only what the violation needs", () => {
    const plan = { ...planOf(11), items: planOf(11).items.length > 0 ? planOf(11).items : [] };
    const culprit = { after: 1, kind: "promote" } as const;
    const whole: Plan = { ...plan, twice: 0.25, items: [...plan.items, culprit, ...plan.items] };
    const breaks = (candidate: Plan): boolean => candidate.items.includes(culprit) && candidate.twice > 0;
    const replay = (candidate: Plan): Played =>
      ({ violations: breaks(candidate) ? [{ rule: "I1", kind: "x", message: "", at: 0 }] : [] }) as unknown as Played;

    const { plan: small } = shrink(whole, "x", replay, 500);

    expect(small.items).toEqual([culprit]);
    expect(small).toMatchObject({ twice: 0.25, wire: {}, answers: {}, badEndings: 0, lags: false });
  });
});

describe("planted bugs", () => {
  const app = join(__dirname, "..", "..", "..", "dist", "src");
  const sources = readdirSync(app, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map((path) => readFileSync(join(app, path), "utf8"));

  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "%s has its place in the app",
    (_name, bug) => {
      for (const { find } of bug.edits)
        expect(find.filter((text) => sources.some((source) => source.includes(text)))).not.toEqual([]);
    },
  );

  it("are at least thirty, each with a name of its own", () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
  });
});

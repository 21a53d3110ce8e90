import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { TestHost, eventually, fixture } from "./harness";

jest.setTimeout(60_000);

describe("kill -9", () => {
  const host = new TestHost("durable");
  beforeEach(() => host.start());
  afterEach(() => host.stop("SIGKILL"));
  afterAll(() => host.dispose());

  test("in the middle of an activity: it runs again, what was done stays done", async () => {
    const id = await host.begin("slowSteps", { steps: 3, ms: 400 });
    await eventually(() => expect(host.calls()).toContain(`begin ${id}-1`));
    expect(await host.stop("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
    await host.start();
    expect((await host.finished(id)).output).toEqual([0, 1, 2].map((n) => `${id}-${String(n)}`));
    const begun = (n: number): number => host.calls().filter((line) => line === `begin ${id}-${String(n)}`).length;
    expect([begun(0), begun(1), begun(2)]).toEqual([1, 2, 1]);
  });

  test("in the middle of a timer: it fires at its time", async () => {
    const id = await host.begin("timer", 1500);
    await host.until(id, (status) => status.runtimeStatus === "Running");
    await host.stop("SIGKILL");
    await host.start();
    const { output } = await host.finished(id);
    expect(output).toBeGreaterThanOrEqual(1500);
  });

  test("a timer that came due while the host was down fires at the start", async () => {
    const id = await host.begin("timer", 300);
    await host.until(id, (status) => status.runtimeStatus === "Running");
    await host.stop("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 400));
    await host.start();
    expect((await host.finished(id, 3000)).runtimeStatus).toBe("Completed");
  });

  test("accepted events and suspended instances survive", async () => {
    const id = await host.begin("threeEvents", 1);
    const held = await host.begin("childThatWaits");
    await host.client("suspend", held, "hold");
    for (const n of [1, 2]) await host.client("raiseEvent", id, "item", n);
    await host.client("raiseEvent", held, "answer", "kept");
    await host.stop("SIGKILL");
    await host.start();
    await host.client("raiseEvent", id, "item", 3);
    expect((await host.finished(id)).output).toEqual([1, 2, 3]);
    expect((await host.status(held)).runtimeStatus).toBe("Suspended");
    await host.client("resume", held, "go");
    expect((await host.finished(held)).output).toBe("kept");
  });

  test("again and again, at any moment: every orchestration ends with the right result", async () => {
    const ids = await Promise.all(
      [0, 1, 2, 3].map((n) => host.begin("slowSteps", { steps: 6, ms: 40 }, `storm-${String(n)}`)),
    );
    const counter = await host.begin("eternal", { sum: 0, left: 12 }, "storm-eternal");
    let raised = 0;
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < 2; n++) await host.post(`instances/${counter}/raiseEvent/number`, ++raised);
      await new Promise((resolve) => setTimeout(resolve, 20 + 15 * round));
      await host.stop("SIGKILL");
      await host.start();
    }
    for (const id of ids)
      expect((await host.finished(id)).output).toEqual([0, 1, 2, 3, 4, 5].map((n) => `${id}-${String(n)}`));
    expect((await host.finished(counter)).output).toBe((12 * 13) / 2);
  });
});

describe("SIGTERM", () => {
  test("lets what runs end, and exits with 0", async () => {
    const host = new TestHost("durable");
    await host.start();
    const id = await host.begin("slowSteps", { steps: 2, ms: 500 });
    await eventually(() => expect(host.calls()).toContain(`begin ${id}-0`));
    expect(await host.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(host.calls()).toEqual([`begin ${id}-0`, `end ${id}-0`]);
    await host.start();
    expect((await host.finished(id)).runtimeStatus).toBe("Completed");
    expect(host.calls().filter((line) => line === `begin ${id}-0`)).toHaveLength(1);
    await host.dispose();
  });
});

describe("--deliver-twice", () => {
  test("every activity runs twice, now and then both at the same time, and results stay the same", async () => {
    const host = new TestHost("durable", { deliverTwice: true });
    await host.start();
    const id = await host.begin("slowSteps", { steps: 4, ms: 60 });
    expect((await host.finished(id)).output).toEqual([0, 1, 2, 3].map((n) => `${id}-${String(n)}`));
    const calls = host.calls();
    for (const n of [0, 1, 2, 3]) expect(calls.filter((line) => line === `begin ${id}-${String(n)}`)).toHaveLength(2);
    expect(calls.slice(8, 10)).toEqual([`begin ${id}-2`, `begin ${id}-2`]);
    await host.dispose();
  });
});

test("the host does not outlive the program that started it, even if that is killed", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "functions-host-"));
  const spawner = join(REPO_ROOT, "dist", "local", "functions-host", "spawn.js");
  const options = JSON.stringify({ appDir: fixture("durable"), stateDir });
  const script = `require(${JSON.stringify(spawner)}).startFunctionsHost(${options}).then((host) => console.log(host.pid))`;
  const parent = spawn(NODE, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  expect(() => process.kill(pid, 0)).not.toThrow();
  parent.kill("SIGKILL");
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
  rmSync(stateDir, { recursive: true, force: true });
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TestHost, eventually } from "./harness";

jest.setTimeout(60_000);
const host = new TestHost("durable");
beforeAll(() => host.start());
afterAll(() => host.dispose());

describe("activities", () => {
  test("a sequence of calls", async () => {
    expect(await host.run("helloSequence")).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Hello Tokyo!", "Hello Seattle!", "Hello Cairo!"],
    });
  });

  test("fan-out and fan-in", async () => {
    expect((await host.run("fanOut", 40)).output).toBe((39 * 40) / 2);
  });

  test("values pass unchanged in both directions", async () => {
    const values = ["text", '"quoted"', "null", "", 0, 1.5, true, null, { a: [1] }, [1, "x"], null];
    expect((await host.run("echoes")).output).toEqual(values);
  });

  test("guids and time are the same in every replay", async () => {
    expect((await host.run("guids")).output).toEqual([true, true]);
  });

  test("an activity that does not exist fails the call", async () => {
    const { output } = await host.run("unknownActivity");
    expect(output).toContain("The function 'doesNotExist' doesn't exist, is disabled, or is not an activity function.");
  });
});

describe("retries", () => {
  test("stop at the first success", async () => {
    expect((await host.run("retry", { key: "r1", failures: 2, attempts: 5 })).output).toBe(3);
    expect(host.calls().filter((line) => line.startsWith("flaky r1 "))).toHaveLength(3);
  });

  test("the last failure surfaces when the attempts are used up", async () => {
    const { runtimeStatus, output } = await host.run("retry", { key: "r2", failures: 9, attempts: 3 });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(
      "Orchestrator function 'retry' failed: Activity function 'flaky' failed:  attempt 3 of r2",
    );
    expect(host.calls().filter((line) => line.startsWith("flaky r2 "))).toHaveLength(3);
  });

  test("one attempt means no repetition", async () => {
    const { output } = await host.run("retry", { key: "r3", failures: 9, attempts: 1 });
    expect(output).toContain("attempt 1 of r3");
    expect(host.calls().filter((line) => line.startsWith("flaky r3 "))).toHaveLength(1);
  });

  test("the delay grows by the coefficient", async () => {
    const elapsed = (await host.run("retryBackoff")).output as number;
    expect(elapsed).toBeGreaterThanOrEqual(100 + 200 + 400);
  });

  test("ids of retries and of other calls do not mix", async () => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, n) => host.run("retryInterleaved", undefined, `interleaved-${String(n)}`)),
    );
    for (const { output, instanceId } of runs) {
      expect(["retry", "slow"]).toContain((output as string[])[0]);
      expect((output as unknown[]).slice(1)).toEqual(["Hello one!", "Hello two!", 3, instanceId]);
    }
  });

  test("sub-orchestrations with a fixed id are repeated under that id", async () => {
    expect((await host.run("childRetry", undefined, "cr")).output).toBe(3);
    expect((await host.status("cr-child")).runtimeStatus).toBe("Completed");
  });
});

describe("timers and events", () => {
  test("a timer fires not before its time", async () => {
    expect((await host.run("timer", 300)).output).toBeGreaterThanOrEqual(300);
  });

  test("WhenAny: the event wins and the timer is cancelled", async () => {
    const id = await host.begin("eventOrTimeout", 60_000);
    await host.post(`instances/${id}/raiseEvent/approval`, { by: "me" });
    expect((await host.finished(id)).output).toEqual({ by: "me" });
  });

  test("WhenAny: the timer wins", async () => {
    expect((await host.run("eventOrTimeout", 50)).output).toBe("timeout");
  });

  test("a task may go into a second Task.any; it runs once", async () => {
    const { output } = await host.run("reuseTask", undefined, "reuse");
    expect(output).toEqual(["reuse", "Hello quick!", "Hello third!", "Hello last!"]);
    expect(host.calls().filter((line) => line === "begin reuse")).toHaveLength(1);
  });

  test("events wait for who waits later, in order", async () => {
    const id = await host.begin("threeEvents", 300);
    for (const n of [1, 2, 3]) expect((await host.client("raiseEvent", id, "item", n)).error).toBeUndefined();
    expect((await host.finished(id)).output).toEqual([1, 2, 3]);
  });

  test("events of different names", async () => {
    const id = await host.begin("twoNames");
    await host.post(`instances/${id}/raiseEvent/a`, "A");
    await host.post(`instances/${id}/raiseEvent/b`, "B");
    expect((await host.finished(id)).output).toEqual(["B", "A"]);
  });

  test("an event for nobody is 404, for a finished instance 410", async () => {
    expect((await host.client("raiseEvent", "nobody", "x", 1)).error).toBe("No instance with ID 'nobody' found.");
    const { instanceId } = await host.run("helloSequence");
    expect((await host.post(`instances/${instanceId}/raiseEvent/x`, 1)).status).toBe(410);
  });
});

describe("continueAsNew", () => {
  test("events that came early are carried over, none is lost", async () => {
    const id = await host.begin("eternal", { sum: 0, left: 20 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => host.post(`instances/${id}/raiseEvent/number`, n + 1)));
    expect((await host.finished(id)).output).toBe(210);
  });

  test("text as input", async () => {
    expect(await host.run("continueText", "first")).toMatchObject({ input: "again", output: "again" });
  });

  test("a poll loop of timers, wake-ups and new executions counts every wake-up at most once", async () => {
    const id = await host.begin("poll", { rounds: 10, woken: 0 });
    for (let n = 0; n < 4; n++) await host.post(`instances/${id}/raiseEvent/wake`, n);
    const { output } = await host.finished(id);
    expect(output).toBeGreaterThanOrEqual(1);
    expect(output).toBeLessThanOrEqual(4);
  });
});

describe("sub-orchestrations", () => {
  test("get their input, know their parent, and have the ids they were given", async () => {
    const { output, instanceId } = await host.run("parent", { childId: "the-child" });
    expect(output).toMatchObject({
      first: { input: { n: 1 }, id: "the-child", parent: instanceId },
      second: { input: "text", parent: instanceId },
    });
  });

  test("a terminated child fails its parent's call", async () => {
    const id = await host.begin("parentOfWaiting");
    await eventually(() => host.status(`${id}-child`));
    expect((await host.client("terminate", `${id}-child`, "stopped by test")).error).toBeUndefined();
    expect((await host.finished(id)).output).toContain("stopped by test");
  });
});

describe("failures", () => {
  test.each([
    ["throws", "Orchestrator function 'throws' failed: no good"],
    ["activityFails", "Orchestrator function 'activityFails' failed: Activity function 'boom' failed:  it broke \n "],
    [
      "childFails",
      "Orchestrator function 'childFails' failed: Orchestrator function 'throws' failed: no good \n Message: no good, StackTrace: ",
    ],
    ["badTimer", "Orchestrator function 'badTimer' failed: createTimer got an invalid date"],
    [
      "usesEntity",
      "Orchestrator function 'usesEntity' failed: durable entities are not available in the local functions host",
    ],
    ["throwsText", "Orchestrator function 'throwsText' failed: "],
    [
      "notDeterministic",
      "Orchestrator function 'notDeterministic' failed: Non-Deterministic workflow detected: action 0 was 0:hello and is 0:echo",
    ],
  ])("%s", async (name, text) => {
    const { runtimeStatus, output } = await host.run(name);
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
  });

  test("the orchestrator can catch a failed activity", async () => {
    expect(await host.run("catches")).toMatchObject({
      runtimeStatus: "Completed",
      output: expect.stringMatching(/^Activity function 'boom' failed: {2}it broke \n /) as unknown,
    });
  });

  test("a custom status of more than 16 KB fails the instance", async () => {
    const id = await host.begin("custom", 9000);
    await host.until(id, (status) => status.customStatus !== null);
    await host.post(`instances/${id}/raiseEvent/go`, 1);
    expect((await host.finished(id)).output).toContain("must not exceed 16 KB");
  });
});

describe("callHttp", () => {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(`${req.method ?? ""} ${req.url ?? ""}`);
    const done = asked.filter((line) => line === "GET /poll").length >= 2;
    if (req.url === "/poll" && done) res.end("finished");
    else res.writeHead(202, { Location: "/poll", "Retry-After": "1" }).end("wait");
  });
  beforeAll(() => once(server.listen(0, "127.0.0.1"), "listening"));
  afterAll(() => server.close());
  const url = (): string => `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/start`;

  test("polls the Location of a 202 until it is done", async () => {
    const response = await host.post("orchestrators/callHttp/http1?version=7", { url: url() });
    expect(response.status).toBe(202);
    expect((await host.finished("http1")).output).toEqual({
      status: 200,
      content: "finished",
      after: "Hello after!",
      version: "7",
    });
    expect(asked).toEqual(["POST /start", "GET /poll", "GET /poll"]);
  });

  test("does not poll when told so", async () => {
    expect((await host.run("callHttp", { url: url(), enablePolling: false })).output).toMatchObject({
      status: 202,
      content: "wait",
      after: "Hello after!",
    });
  });
});

test("a fan-out of 500 activities ends in reasonable time", async () => {
  expect((await host.finished(await host.begin("fanOut", 500), 45_000)).output).toBe((499 * 500) / 2);
});

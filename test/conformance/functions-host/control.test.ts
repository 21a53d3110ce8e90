import { TestHost, eventually } from "./harness";

jest.setTimeout(60_000);
const host = new TestHost("durable");
beforeAll(() => host.start());
afterAll(() => host.dispose());

describe("start", () => {
  test("an id that is running is refused", async () => {
    await host.begin("childThatWaits", undefined, "busy");
    const response = await host.post("orchestrators/childThatWaits/busy");
    expect(response.status).toBe(409);
    expect((await host.client("startNew", "childThatWaits", { instanceId: "busy" })).error).toContain(
      "unexpected status code: 409",
    );
  });

  test("an id that has finished is replaced, with its history", async () => {
    await host.run("helloSequence", undefined, "again");
    expect(await host.run("inputAsIs", { n: 2 }, "again")).toMatchObject({
      name: "inputAsIs",
      output: { input: { n: 2 } },
    });
    const { historyEvents } = await host.status("again", "showHistory=true");
    expect(historyEvents?.some((event) => event["FunctionName"] === "hello")).toBe(false);
  });

  test.each([
    ["an unknown function", "orchestrators/nothingLikeIt"],
    ["a bad id", "orchestrators/helloSequence/%40x"],
  ])("%s is 400", async (_what, path) => {
    expect((await host.post(path)).status).toBe(400);
  });

  test("a body that is no JSON is 400", async () => {
    const response = await host.request("/runtime/webhooks/durabletask/orchestrators/helloSequence", {
      method: "POST",
      body: "{",
    });
    expect(response.status).toBe(400);
  });

  test("with a timeout the output is the answer", async () => {
    const response = await host.post("orchestrators/helloSequence?timeout=10&pollingInterval=0.1");
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveLength(3);
  });
});

describe("status", () => {
  test("the history names functions, inputs and, when asked, results", async () => {
    const { instanceId } = await host.run("helloSequence");
    const { historyEvents } = await host.status(instanceId, "showHistory=true&showHistoryOutput=true");
    expect(historyEvents?.map((event) => event["EventType"])).toEqual([
      "ExecutionStarted",
      "TaskCompleted",
      "TaskCompleted",
      "TaskCompleted",
      "ExecutionCompleted",
    ]);
    expect(historyEvents?.[1]).toMatchObject({ FunctionName: "hello", Result: "Hello Tokyo!" });
    expect((await host.status(instanceId)).historyEvents).toBeUndefined();
  });

  test("running is 202 with Location, failed is 200, or 500 when asked for", async () => {
    await host.begin("childThatWaits", undefined, "st1");
    const running = await host.request("/runtime/webhooks/durabletask/instances/st1");
    expect([running.status, running.headers.get("retry-after"), running.headers.has("location")]).toEqual([
      202,
      "5",
      true,
    ]);
    const { instanceId } = await host.run("throws");
    const path = `/runtime/webhooks/durabletask/instances/${instanceId}`;
    expect((await host.request(path)).status).toBe(200);
    expect((await host.request(`${path}?returnInternalServerErrorOnFailure=true`)).status).toBe(500);
    expect((await host.request("/runtime/webhooks/durabletask/instances/none")).status).toBe(404);
  });

  test("lists page by page, by prefix and status", async () => {
    for (let n = 0; n < 5; n++) await host.run("inputAsIs", n, `page-${String(n)}`);
    const found: string[] = [];
    for (let token: string | null = ""; token !== null;) {
      const url =
        "/runtime/webhooks/durabletask/instances/?instanceIdPrefix=page-&top=2&runtimeStatus=Completed,Failed";
      const response: Response = await host.request(url, {
        headers: token === "" ? {} : { "x-ms-continuation-token": token },
      });
      found.push(...((await response.json()) as { instanceId: string }[]).map((item) => item.instanceId));
      token = response.headers.get("x-ms-continuation-token");
    }
    expect(found).toEqual([0, 1, 2, 3, 4].map((n) => `page-${String(n)}`));
    const all = (await host.client("getStatusAll")).result as unknown[];
    expect(all.length).toBeGreaterThanOrEqual(5);
    expect((await host.client("getStatusBy", { runtimeStatus: ["Canceled"] })).result).toEqual([]);
  });

  test("an unknown instance has the library's text", async () => {
    expect((await host.client("getStatus", "none")).error).toContain(
      "could not find any data associated with the instanceId provided: none",
    );
  });
});

describe("suspend, resume, terminate", () => {
  test("events queue while an instance is suspended", async () => {
    const id = await host.begin("threeEvents");
    await host.client("raiseEvent", id, "item", 1);
    expect((await host.client("suspend", id, "hold")).error).toBeUndefined();
    expect((await host.status(id)).runtimeStatus).toBe("Suspended");
    for (const n of [2, 3]) await host.client("raiseEvent", id, "item", n);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await host.status(id)).runtimeStatus).toBe("Suspended");
    expect((await host.client("suspend", id, "again")).error).toContain(
      'unexpected status code: 500. Details: {"Message":"Something went wrong',
    );
    expect((await host.client("resume", id, "go on")).error).toBeUndefined();
    expect((await host.finished(id)).output).toEqual([1, 2, 3]);
    expect((await host.client("suspend", id, "late")).error).toBeUndefined();
  });

  test("a terminated instance keeps its reason and wakes up no more", async () => {
    const id = await host.begin("eventOrTimeout", 200);
    expect((await host.client("terminate", id, "enough")).error).toBeUndefined();
    expect(await host.status(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await host.status(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect((await host.post(`instances/${id}/terminate`)).status).toBe(410);
    expect((await host.client("terminate", "none", "x")).error).toBe("No instance with ID 'none' found.");
  });

  test("termination during an activity: its result is dropped", async () => {
    const id = await host.begin("slowSteps", { steps: 2, ms: 200 });
    await eventually(() => expect(host.calls()).toContain(`begin ${id}-0`));
    await host.client("terminate", id, "enough");
    await eventually(() => expect(host.calls()).toContain(`end ${id}-0`));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await host.status(id)).runtimeStatus).toBe("Terminated");
    expect(host.calls()).not.toContain(`begin ${id}-1`);
  });
});

describe("rewind", () => {
  test("repeats what failed and not what succeeded", async () => {
    expect((await host.run("rewindable", undefined, "rw")).runtimeStatus).toBe("Failed");
    expect((await host.client("rewind", "rw", "try again")).error).toBeUndefined();
    expect((await host.finished("rw")).output).toEqual(["rw-first", 2, "Hello third!"]);
    expect(host.calls().filter((line) => line === "begin rw-first")).toHaveLength(1);
  });

  test("goes down to the sub-orchestration that failed", async () => {
    expect((await host.run("rewindableParent", undefined, "rwp")).runtimeStatus).toBe("Failed");
    expect((await host.client("rewind", "rwp", "try again")).error).toBeUndefined();
    expect((await host.finished("rwp")).output).toEqual(["rwp-child-first", 2, "Hello third!"]);
    expect(host.calls().filter((line) => line === "begin rwp-child-first")).toHaveLength(1);
  });

  test("begins a call with retries anew", async () => {
    expect((await host.run("rewindableRetry", undefined, "rwr")).runtimeStatus).toBe("Failed");
    await host.client("rewind", "rwr", "try again");
    expect((await host.finished("rwr")).output).toEqual([3, "Hello after!"]);
  });

  test("is refused for an instance that has not failed", async () => {
    await host.run("helloSequence", undefined, "fine");
    expect((await host.post("instances/fine/rewind?reason=x")).status).toBe(412);
    expect((await host.client("rewind", "none", "x")).error).toBe("No instance with ID 'none' found.");
  });
});

describe("restart and purge", () => {
  test("a restart has the same input and, by default, a new id", async () => {
    await host.run("inputAsIs", { keep: 1 }, "orig");
    const { id } = (await (await host.post("instances/orig/restart")).json()) as { id: string };
    expect(id).not.toBe("orig");
    expect(await host.finished(id)).toMatchObject({ output: { input: { keep: 1 } } });
    const same = (await (await host.post("instances/orig/restart?restartWithNewInstanceId=false")).json()) as {
      id: string;
    };
    expect(same.id).toBe("orig");
    await host.finished("orig");
    expect((await host.post("instances/none/restart")).status).toBe(400);
  });

  test("purge by id and by filter; a running instance stays", async () => {
    await host.run("inputAsIs", 1, "gone");
    expect((await host.client("purgeInstanceHistory", "gone")).result).toEqual({ instancesDeleted: 1 });
    await expect(host.status("gone")).rejects.toThrow("no instance");
    expect((await host.client("purgeInstanceHistory", "gone")).result).toEqual({ instancesDeleted: 0 });
    await host.begin("childThatWaits", undefined, "stays");
    await host.run("inputAsIs", 1, "goes");
    const all = await host.request("/runtime/webhooks/durabletask/instances/", { method: "DELETE" });
    expect(all.status).toBe(400);
    const response = await host.request(
      "/runtime/webhooks/durabletask/instances/?createdTimeFrom=2000-01-01T00:00:00Z",
      {
        method: "DELETE",
      },
    );
    expect(((await response.json()) as { instancesDeleted: number }).instancesDeleted).toBeGreaterThan(0);
    await expect(host.status("goes")).rejects.toThrow("no instance");
    expect(["Pending", "Running"]).toContain((await host.status("stays")).runtimeStatus);
  });
});

test("at most maxConcurrentActivityFunctions activities run at the same time", async () => {
  const limited = new TestHost("durable", {
    env: { AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions: "3" },
  });
  await limited.start();
  expect((await limited.run("slowTogether", { count: 10, ms: 100 })).output).toBe(10);
  let running = 0;
  const levels = limited.calls().map((line) => (running += line.startsWith("begin") ? 1 : -1));
  expect(Math.max(...levels)).toBe(3);
  await limited.dispose();
});

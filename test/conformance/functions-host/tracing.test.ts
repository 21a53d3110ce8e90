import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { TestHost, eventually } from "./harness";

jest.setTimeout(60_000);
const host = new TestHost("tracing");
beforeAll(() => host.start());
afterAll(() => host.dispose());

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const headers = { traceparent: PARENT, tracestate: "vendor=a%2Fb,other=1" };

interface Trace {
  traceParent: string;
  traceState?: string;
}

/** The same trace and flags, in a span of its own. */
function expectChild(trace: Trace): void {
  expect(trace.traceParent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  expect(trace.traceParent).not.toBe(PARENT);
  expect(trace.traceState).toBe(headers.tracestate);
}

describe("trace context", () => {
  const trace = async (init?: RequestInit): Promise<Trace> =>
    (await host.request("/api/trace", init)).json() as Promise<Trace>;

  test("an HTTP function belongs to the trace of its request", async () => {
    expectChild(await trace({ headers }));
  });

  test("without a valid traceparent each invocation begins a trace", async () => {
    const found = await Promise.all([
      trace(),
      trace({ headers: { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` } }),
    ]);
    for (const item of found) expect(item.traceParent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(found[0]?.traceParent.slice(3, 35)).not.toBe(found[1]?.traceParent.slice(3, 35));
  });

  test.each([
    ["started by a function through the durable client", "/api/start/traced/by-client", "by-client"],
    ["started over the management API", "/runtime/webhooks/durabletask/orchestrators/traced/by-http", "by-http"],
  ])("an orchestration %s hands it to activities, children and further executions", async (_what, path, id) => {
    expect((await host.request(path, { method: "POST", headers })).status).toBe(202);
    const { output } = await host.finished(id);
    const { orchestrator, activity, child } = output as Record<"orchestrator" | "activity" | "child", Trace>;
    for (const item of [orchestrator, activity, child]) expectChild(item);
    expect(new Set([orchestrator, activity, child].map((item) => item.traceParent)).size).toBe(3);
  });

  test("a trace survives kill -9", async () => {
    await host.request("/api/start/later/kept", { method: "POST", headers });
    await host.until("kept", (status) => status.runtimeStatus === "Running");
    await host.stop("SIGKILL");
    await host.start();
    await host.post("instances/kept/raiseEvent/go", 1);
    expectChild((await host.finished("kept")).output as Trace);
  });
});

test("retryContext tells the attempt and why the one before it failed", async () => {
  await host.request("/admin/functions/retried", { method: "POST", body: "{}" });
  await eventually(() => expect(host.calls()).toHaveLength(3));
  const error = (n: number): object => ({ message: `attempt ${n} failed`, stack: `Error: attempt ${n} failed` });
  expect(host.calls().map((line) => JSON.parse(line) as unknown)).toEqual([
    { retryCount: 0, maxRetryCount: 2, message: null, stack: null },
    { retryCount: 1, maxRetryCount: 2, ...error(0) },
    { retryCount: 2, maxRetryCount: 2, ...error(1) },
  ]);
});

test("the log hook sees every line, and may change message and level; one that throws is told", async () => {
  await host.request("/api/logs");
  await eventually(() => expect(host.output).toContain("fragile line"));
  expect(host.output).toContain("a *** here [logs]");
  expect(host.output).not.toContain("secret-word");
  expect(host.output).not.toContain("drop to debug");
  expect(host.output).toContain("a log hook of the app failed: hook is broken");
});

describe("console lines of the Durable extension", () => {
  const line = (id: string, text: string): RegExp =>
    new RegExp(`${id}: Function '${text}.* HubName: TestHubName\\. AppName: .*SequenceNumber: \\d+\\.`);

  test("the life of an orchestration, without its payloads", async () => {
    await host.request("/api/start/lines/story", {
      method: "POST",
      body: JSON.stringify("an input of the orchestrator"),
    });
    await eventually(() => expect(host.output).toMatch(line("story", "fails \\(Activity\\)' failed with an error")));
    await host.post("instances/story/raiseEvent/go", 1);
    await host.finished("story");
    for (const text of [
      "lines \\(Orchestrator\\)' scheduled\\. Reason: NewInstance\\. IsReplay: False\\. State: Scheduled\\. RuntimeStatus: Pending\\.",
      "lines \\(Orchestrator\\)' started\\. IsReplay: False\\. Input: \\(Redacted 30 characters\\)\\. State: Started\\. RuntimeStatus: Running\\.",
      "traceOfActivity \\(Activity\\)' scheduled\\. Reason: lines\\.",
      "lines \\(Orchestrator\\)' awaited\\. IsReplay: False\\. State: Awaited\\.",
      "traceOfActivity \\(Activity\\)' started\\. .*TaskEventId: 0",
      "traceOfActivity \\(Activity\\)' completed\\. ContinuedAsNew: False\\. .*TaskEventId: 0",
      "lines \\(Orchestrator\\)' was resumed by a timer scheduled for '",
      "fails \\(Activity\\)' failed with an error\\. Reason: .*no good",
      "lines \\(Orchestrator\\)' is waiting for input\\. Reason: WaitForExternalEvent:go\\. IsReplay: False\\. State: Listening\\.",
      "lines \\(Orchestrator\\)' received a 'go' event\\.",
      "lines \\(Orchestrator\\)' completed\\. ContinuedAsNew: False\\. IsReplay: False\\. Output: \\(Redacted 31 characters\\)\\. State: Completed\\. RuntimeStatus: Completed\\.",
    ])
      expect(host.output).toMatch(new RegExp(`story: Function '${text}`));
    expect(host.output).not.toMatch(/an (?:in|out)put of the/);
  });

  test("terminate, suspend and resume", async () => {
    await host.request("/api/start/lines/ended", { method: "POST" });
    await host.until("ended", (status) => status.runtimeStatus === "Running");
    await host.post("instances/ended/suspend?reason=hold");
    await host.post("instances/ended/resume?reason=go");
    await host.post("instances/ended/terminate?reason=enough");
    expect(host.output).toMatch(
      /ended: Suspending function 'lines \(Orchestrator\)'\. Reason: \(Redacted 4 characters\)\./,
    );
    expect(host.output).toMatch(/ended: Resuming function 'lines \(Orchestrator\)'\./);
    expect(host.output).toMatch(line("ended", "lines \\(Orchestrator\\)' was terminated"));
  });

  test("tracing.traceInputsAndOutputs shows payloads, traceReplayEvents replays, a log level of the category hides the lines", async () => {
    const key = "AzureFunctionsJobHost__extensions__durableTask__tracing__";
    const open = new TestHost("tracing", {
      env: { [`${key}traceInputsAndOutputs`]: "true", [`${key}traceReplayEvents`]: "true" },
    });
    await open.start();
    await open.run("child", { shown: 1 });
    expect(open.output).toMatch(/Function 'child \(Orchestrator\)' started\. IsReplay: False\. Input: \{"shown":1\}\./);
    expect(open.output).toMatch(/Function 'child \(Orchestrator\)' started\. IsReplay: True\./);
    expect(host.output).not.toContain("IsReplay: True");
    await open.dispose();
    const env = { AzureFunctionsJobHost__logging__logLevel__Host: "Warning" };
    const closed = new TestHost("tracing", { env });
    await closed.start();
    await closed.run("child");
    expect(closed.output).not.toContain("(Orchestrator)'");
    await closed.dispose();
  });
});

describe("durable HTTP: a poll at another origin carries no credentials", () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  async function serve(
    answer: (path: string) => { status: number; location?: string },
  ): Promise<{ url: string; seen: [string, IncomingHttpHeaders][] }> {
    const seen: [string, IncomingHttpHeaders][] = [];
    const server = createServer((req, res) => {
      seen.push([req.url ?? "", req.headers]);
      const { status, location } = answer(req.url ?? "");
      res.writeHead(status, { ...(location ? { Location: location } : {}), "Retry-After": "0" }).end("{}");
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
  }

  test("a managed identity is refused with a text that says so", async () => {
    const { runtimeStatus, output } = await host.run("calls", {
      method: "GET",
      url: "http://127.0.0.1:1/",
      tokenSource: { kind: "AzureManagedIdentity", resource: "https://management.core.windows.net/" },
    });
    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("a managed identity token source is not available in the local functions host");
  });

  test("Authorization, cookies and keys stay with the origin they were given for", async () => {
    const other = await serve(() => ({ status: 200 }));
    const first = await serve((path) =>
      path === "/job" ? { status: 202, location: "/poll" } : { status: 202, location: `${other.url}/result` },
    );
    const secrets = { Authorization: "Bearer secret", Cookie: "a=b", "x-functions-key": "key", "x-plain": "stays" };
    await host.run("calls", { method: "POST", url: `${first.url}/job`, headers: secrets, enablePolling: true });
    const [, [path, same] = ["", {}]] = first.seen;
    expect([path, same["authorization"]]).toEqual(["/poll", "Bearer secret"]);
    const [[target, elsewhere] = ["", {}]] = other.seen;
    expect([target, elsewhere["x-plain"]]).toEqual(["/result", "stays"]);
    for (const name of ["authorization", "cookie", "x-functions-key"]) expect(elsewhere[name]).toBeUndefined();
  });
});

import { RunNotFoundError } from "../../../src/errors";
import { reply } from "../../support/fake-http";
import { client, closeServers, fault, notFound, serve } from "../../support/jobs-client";

afterEach(closeServers);

describe("getRun", () => {
  const state = { life_cycle_state: "TERMINATED", result_state: "FAILED", state_message: "old" };
  const status = {
    state: "TERMINATED",
    termination_details: { code: "RUN_EXECUTION_ERROR", type: "CLIENT_ERROR", message: "\u001b[31mnew\u001b[0m" },
  };
  const task = (runId: number, over = {}) => ({
    run_id: runId,
    task_key: "score",
    attempt_number: 0,
    state,
    status,
    ...over,
  });

  it("reads both spellings, times, parameters and the tasks of all pages", async () => {
    const head = {
      job_id: 1,
      run_id: 2,
      run_page_url: "http://x/run",
      start_time: 10,
      end_time: 30,
      run_duration: 20,
      state,
      status,
    };
    const server = await serve(
      reply(200, { ...head, tasks: [task(3)], job_parameters: [{ name: "a", default: "d" }], next_page_token: "n" }),
      reply(200, {
        ...head,
        tasks: [task(4, { attempt_number: 1, depends_on: [{ task_key: "x" }] })],
        job_parameters: [{ name: "b", value: "v" }],
      }),
    );

    const run = await client(server.url).getRun("2");

    const expected = {
      lifeCycleState: "TERMINATED",
      resultState: "FAILED",
      statusState: "TERMINATED",
      terminationCode: "RUN_EXECUTION_ERROR",
      terminationType: "CLIENT_ERROR",
      message: "new",
    };
    expect(run).toEqual({
      runId: "2",
      jobId: "1",
      url: "http://x/run",
      startTimeMs: 10,
      endTimeMs: 30,
      runDurationMs: 20,
      state: expected,
      jobParameters: { a: "d", b: "v" },
      tasks: [
        { runId: "3", taskKey: "score", attemptNumber: 0, dependsOn: [], state: expected },
        { runId: "4", taskKey: "score", attemptNumber: 1, dependsOn: ["x"], state: expected },
      ],
    });
  });

  it("calls an end time of 0 no end", async () => {
    const server = await serve(
      reply(200, { job_id: 1, run_id: 2, start_time: 10, end_time: 0, state: { life_cycle_state: "RUNNING" } }),
    );

    expect(await client(server.url).getRun("2")).not.toHaveProperty("endTimeMs");
  });

  it("survives states of a shape it does not know", async () => {
    const server = await serve(
      reply(200, { job_id: 1, run_id: 2, state: "RUNNING", status: { state: 7, termination_details: [] } }),
    );

    expect((await client(server.url).getRun("2")).state).toEqual({});
  });

  it.each([
    ["404", reply(404, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "gone" })],
    ["400 does not exist", notFound("Run 2 does not exist.")],
    ["400 doesn't exist", notFound("Run: 2 in job: 1 doesn't exist")],
  ])("takes %s for a deleted run", async (_name, answer) => {
    const server = await serve(answer);

    await expect(client(server.url).getRun("2")).rejects.toThrow(RunNotFoundError);
    await expect(client(server.url).getTaskOutput("2")).rejects.toThrow(RunNotFoundError);
  });

  it.each([
    ["another 400", notFound("Parameter run_id does not look like a number")],
    ["a proxy's 404", reply(404, "<html><body>Not Found</body></html>")],
    ["an empty 404", reply(404, "")],
    ["a wrong path", reply(404, { error_code: "ENDPOINT_NOT_FOUND", message: "No API found" })],
  ])("does not take %s for a deleted run", async (_name, answer) => {
    const server = await serve(answer);

    expect(await fault(client(server.url).getRun("2"))).not.toBeInstanceOf(RunNotFoundError);
  });

  it("does not take a token endpoint that is not there for a deleted run", async () => {
    const server = await serve(reply(404, "<html>"));
    const auth = { kind: "oauthM2M", clientId: "app", clientSecret: "s" } as const;

    expect(await fault(client(server.url, { auth }).getRun("2"))).not.toBeInstanceOf(RunNotFoundError);
  });
});

describe("getTaskOutput", () => {
  it("gives the exit value as it is", async () => {
    const server = await serve(
      reply(200, { metadata: {}, notebook_output: { result: '{"rows":12345678901234567890}', truncated: true } }),
    );

    expect(await client(server.url).getTaskOutput("3")).toEqual({
      result: '{"rows":12345678901234567890}',
      truncated: true,
    });
    expect(server.seen[0]?.url).toBe("/api/2.2/jobs/runs/get-output?run_id=3");
  });

  it("gives error and trace bounded and without colour codes", async () => {
    const server = await serve(
      reply(200, { notebook_output: {}, error: "ValueError: bad", error_trace: `\u001b[0;31m${"x".repeat(20_000)}` }),
    );

    const output = await client(server.url).getTaskOutput("3");

    expect(output).toMatchObject({ truncated: false, error: "ValueError: bad" });
    expect(output.errorTrace).toMatch(/^x+…$/);
    expect(output.errorTrace?.length).toBe(8000);
  });
});

describe("cancelRun and listActiveRuns", () => {
  it("takes a run that is gone for cancelled", async () => {
    const server = await serve(notFound("Run 2 does not exist."));

    await expect(client(server.url).cancelRun("2")).resolves.toBeUndefined();
    expect(server.seen[0]).toMatchObject({ method: "POST", url: "/api/2.2/jobs/runs/cancel", body: '{"run_id":2}' });
  });

  it("tells other faults of a cancel", async () => {
    const server = await serve(reply(403, { error_code: "PERMISSION_DENIED", message: "no" }));

    expect((await fault(client(server.url).cancelRun("2"))).status).toBe(403);
  });

  it("lists the active runs of all pages with their parameters", async () => {
    const run = (id: number) => ({
      run_id: id,
      job_id: 1,
      job_parameters: [{ name: "run_id", value: `r-${id}` }],
      state: { life_cycle_state: "RUNNING" },
    });
    const server = await serve(reply(200, { runs: [run(5)], next_page_token: "n" }), reply(200, { runs: [run(4)] }));

    const runs = await client(server.url).listActiveRuns("1");

    expect(runs.map((item) => [item.runId, item.jobParameters["run_id"]])).toEqual([
      ["5", "r-5"],
      ["4", "r-4"],
    ]);
    expect(server.seen[0]?.url).toBe("/api/2.2/jobs/runs/list?job_id=1&active_only=true&limit=24");
  });

  it("lists what ended since a time", async () => {
    const server = await serve(reply(200, { runs: [{ run_id: 5, job_id: 1, start_time: 20, end_time: 30 }] }));

    const runs = await client(server.url).listCompletedRuns("1", new Date(10));

    expect(runs).toMatchObject([{ runId: "5", startTimeMs: 20, endTimeMs: 30, jobParameters: {} }]);
    expect(server.seen[0]?.url).toBe(
      "/api/2.2/jobs/runs/list?job_id=1&completed_only=true&start_time_from=10&limit=24",
    );
  });
});

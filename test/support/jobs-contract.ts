/** What a run of a contract's job does by itself: it gives an exit value, it raises, its driver dies, or it goes on until it is cancelled. */
export type JobBehaviour = "exits" | "raises" | "loses its driver" | "goes on";

/** The exit value of a job that exits. */
export const EXIT = '{"rows":1}';

/** An answer over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server of the Jobs API as the contract sees it. */
export interface JobsServer {
  call(method: "GET" | "POST", path: string, body?: object, token?: string): Promise<WireAnswer>;
  /** Creates a job and returns its id. */
  job(name: string, behaviour: JobBehaviour): Promise<number>;
  /** Lets time pass, a little. */
  pass(): Promise<void>;
}

interface States {
  readonly state: { readonly life_cycle_state: string; readonly result_state?: string };
  readonly status: {
    readonly state: string;
    readonly termination_details?: { readonly code: string; readonly type: string };
  };
}
interface Run extends States {
  readonly run_id: number;
  readonly job_id: number;
  readonly start_time: number;
  readonly end_time: number;
  readonly job_parameters?: readonly { readonly name: string; readonly value: string }[];
  readonly tasks: readonly (States & { readonly run_id: number; readonly attempt_number: number })[];
}

const API = "/api/2.2/jobs";
const isEnded = ({ status }: Run): boolean => status.state === "TERMINATED";

/** Looks that a state may take to come; each lets time pass. */
const MAX_LOOKS = 500;

class Caller {
  constructor(private readonly server: () => JobsServer) {}

  async get(path: string): Promise<WireAnswer> {
    return this.server().call("GET", `${API}${path}`);
  }

  async post(path: string, body: object): Promise<WireAnswer> {
    return this.server().call("POST", `${API}${path}`, body);
  }

  async runNow(jobId: number, token: string, parameters: Record<string, string> = {}): Promise<number> {
    const { status, body } = await this.post("/run-now", {
      job_id: jobId,
      idempotency_token: token,
      job_parameters: parameters,
    });
    expect(status).toBe(200);
    return body["run_id"] as number;
  }

  async run(runId: number): Promise<Run> {
    return (await this.get(`/runs/get?run_id=${runId}`)).body as unknown as Run;
  }

  async until(runId: number, accept: (run: Run) => boolean): Promise<Run> {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const run = await this.run(runId);
      if (accept(run)) return run;
      await this.server().pass();
    }
    throw new Error(`run ${runId} did not get there: ${JSON.stringify(await this.run(runId))}`);
  }

  async listed(query: string): Promise<number[]> {
    const { body } = await this.get(`/runs/list?${query}`);
    return ((body["runs"] ?? []) as Run[]).map(({ run_id: id }) => id);
  }
}

/** What every server of the Jobs API answers to the calls that the app makes. */
export function jobsApiContract(name: string, open: () => Promise<JobsServer>, close: () => Promise<void>): void {
  describe(`${name}: the Jobs API`, () => {
    let server: JobsServer;
    const jobs = new Caller(() => server);
    beforeAll(async () => {
      server = await open();
    });
    afterAll(close);

    it("finds a job by its name", async () => {
      const id = await server.job("by-name", "exits");

      const { status, body } = await jobs.get("/list?name=by-name");

      expect(status).toBe(200);
      expect(body["jobs"]).toMatchObject([{ job_id: id, settings: { name: "by-name" } }]);
      expect((await jobs.get("/list?name=nobody")).body["jobs"] ?? []).toEqual([]);
    });

    it("starts one run for a token, also when it has ended", async () => {
      const id = await server.job("once", "exits");
      const runId = await jobs.runNow(id, "token-once");

      expect(await jobs.runNow(id, "token-once")).toBe(runId);
      await jobs.until(runId, isEnded);
      expect(await jobs.runNow(id, "token-once")).toBe(runId);
      expect(await jobs.runNow(id, "token-twice")).not.toBe(runId);
    });

    it("tells a run's parameters, its one task and, of a good end, success in both forms", async () => {
      const id = await server.job("good", "exits");
      const runId = await jobs.runNow(id, "token-good", { run_id: "r-1" });

      const run = await jobs.until(runId, isEnded);

      expect(run).toMatchObject({
        run_id: runId,
        job_id: id,
        state: { life_cycle_state: "TERMINATED", result_state: "SUCCESS" },
        status: { state: "TERMINATED", termination_details: { code: "SUCCESS", type: "SUCCESS" } },
      });
      expect(run.job_parameters).toEqual([expect.objectContaining({ name: "run_id", value: "r-1" })]);
      expect(run.tasks).toHaveLength(1);
      expect(run.tasks[0]).toMatchObject({ attempt_number: 0, state: { result_state: "SUCCESS" } });
      expect(run.end_time).toBeGreaterThanOrEqual(run.start_time);
    });

    it("gives the exit value to the task's id", async () => {
      const runId = await jobs.runNow(await server.job("output", "exits"), "token-output");
      const { tasks } = await jobs.until(runId, isEnded);

      const { status, body } = await jobs.get(`/runs/get-output?run_id=${tasks[0]?.run_id}`);

      expect(status).toBe(200);
      expect(body).toMatchObject({ notebook_output: { result: EXIT, truncated: false } });
    });

    it("refuses the output of a job's run, and tells of one that does not exist", async () => {
      const runId = await jobs.runNow(await server.job("no-output", "exits"), "token-no-output");
      await jobs.until(runId, isEnded);

      expect((await jobs.get(`/runs/get-output?run_id=${runId}`)).status).toBe(400);
      expect((await jobs.get("/runs/get-output?run_id=1")).status).toBeGreaterThanOrEqual(400);
    });

    it.each([
      ["raises", "RUN_EXECUTION_ERROR", "CLIENT_ERROR"],
      ["loses its driver", "DRIVER_ERROR", "INTERNAL_ERROR"],
    ] as const)("a run that %s has failed with %s", async (behaviour, code, type) => {
      const runId = await jobs.runNow(await server.job(behaviour, behaviour), `token-${behaviour}`);

      const run = await jobs.until(runId, isEnded);

      expect(run.state.result_state).toBe("FAILED");
      expect(run.status.termination_details).toMatchObject({ code, type });
      const { body } = await jobs.get(`/runs/get-output?run_id=${run.tasks[0]?.run_id}`);
      expect(body["notebook_output"] ?? {}).not.toHaveProperty("result");
    });

    it("lists a run as active until it was cancelled, then as completed; a second cancel changes nothing", async () => {
      const id = await server.job("cancelled", "goes on");
      const runId = await jobs.runNow(id, "token-cancelled");
      const { start_time: begun } = await jobs.until(runId, ({ status }) => status.state === "RUNNING");
      expect(await jobs.listed(`job_id=${id}&active_only=true`)).toEqual([runId]);
      expect(await jobs.listed(`job_id=${id}&completed_only=true`)).toEqual([]);

      expect((await jobs.post("/runs/cancel", { run_id: runId })).status).toBe(200);
      const run = await jobs.until(runId, isEnded);
      expect((await jobs.post("/runs/cancel", { run_id: runId })).status).toBe(200);

      expect(run.state.result_state).toBe("CANCELED");
      expect(run.status.termination_details).toMatchObject({ code: "USER_CANCELED" });
      expect(await jobs.listed(`job_id=${id}&active_only=true`)).toEqual([]);
      expect(await jobs.listed(`job_id=${id}&completed_only=true&start_time_from=${begun - 1000}`)).toEqual([runId]);
      expect(await jobs.listed(`job_id=${id}&completed_only=true&start_time_from=${begun + 60_000}`)).toEqual([]);
    });

    it("refuses the output of a run that has not ended", async () => {
      const runId = await jobs.runNow(await server.job("early", "goes on"), "token-early");
      const { tasks } = await jobs.until(runId, ({ status }) => status.state === "RUNNING");

      const { status, body } = await jobs.get(`/runs/get-output?run_id=${tasks[0]?.run_id}`);

      // Databricks refuses it for a moment; the local server answers without a result. Neither is a result.
      if (status === 200) expect(body["notebook_output"] ?? {}).not.toHaveProperty("result");
      else expect([status, body["error_code"]]).toEqual([400, "INVALID_STATE"]);
      await jobs.post("/runs/cancel", { run_id: runId });
    });

    it("forgets a deleted run: reads and its token say so", async () => {
      const id = await server.job("deleted", "exits");
      const runId = await jobs.runNow(id, "token-deleted");
      await jobs.until(runId, isEnded);

      expect((await jobs.post("/runs/delete", { run_id: runId })).status).toBe(200);

      for (const answer of [await jobs.get(`/runs/get?run_id=${runId}`), await jobs.get("/runs/get?run_id=7")]) {
        expect([400, 404]).toContain(answer.status);
        expect(answer.body["message"]).toMatch(/Run \d+ does not exist/);
      }
      const repeat = await jobs.post("/run-now", { job_id: id, idempotency_token: "token-deleted" });
      expect(repeat).toMatchObject({ status: 400, body: { error_code: "INVALID_PARAMETER_VALUE" } });
      expect(await jobs.listed(`job_id=${id}`)).toEqual([]);
    });

    it("refuses a job and a path that do not exist", async () => {
      const absent = await jobs.post("/run-now", { job_id: 3, idempotency_token: "token-absent" });

      expect([400, 404]).toContain(absent.status);
      expect(absent.body["message"]).toMatch(/Job 3 does not exist/);
      expect((await jobs.get("/runs/no-such-path")).status).toBe(404);
    });

    it("refuses another token", async () => {
      expect((await server.call("GET", `${API}/list`, undefined, "wrong-token-0123")).status).toBe(401);
    });
  });
}

import type { FakeBehaviour } from "../../../local/fake-jobs";
import { part } from "../doors";
import { reason, type Act, type DrillFault } from "../fault";
import { LATE_JOB, type DoorName, type Site } from "../site";

/** Runs that failed, or cannot go on. */

const find = (state: string, shows: RegExp, suffix = ""): Act => ({
  operation: "listRuns",
  sends: ({ pipeline }) => ({ query: { pipeline: `${pipeline}${suffix}`, state, top: 1 } }),
  shows,
});
const firstRun = ({ shown }: { readonly shown: readonly string[] }) => ({
  runId: part(shown[0] ?? "", "value", 0, "id"),
});
const verb = (operation: string, body: object = { reason }): Act => ({
  operation,
  sends: (known) => ({ path: firstRun(known), body: { ...body } }),
});
const retry = verb("retryRun");
const retryOnceOver: Act = {
  ...retry,
  after: async (site, door) => site.inState((await site.newest(door)).id, "failed"),
};
const succeeded =
  (suffix = "") =>
  async (site: Site, door: DoorName) =>
    site.inState((await site.newest(`${door}${suffix}`)).id, "succeeded");

/** A run that ends badly, and goes on when it is retried. */
const ends = (fault: string, behaviour: FakeBehaviour, state: string, shows: RegExp, what: string): DrillFault => ({
  fault,
  cause: async (site, door) => void (await site.runTo(state, door, behaviour)),
  elsewhere: { what, mend: () => undefined },
  acts: [find(state, shows), retry],
  healed: succeeded(),
});

/** A job that Databricks refuses to start. */
const refused = (fault: string, status: number, code: string, what: string): DrillFault => ({
  fault,
  async cause(site, door) {
    site.jobs.faults.push({ path: "run-now", status, body: { error_code: code, message: "no" }, times: 1 });
    await site.runTo("failed", door);
  },
  elsewhere: { what, mend: () => undefined },
  acts: [find("failed", new RegExp(`${code}[^]*retry the run`)), retry],
  healed: succeeded(),
});

const hang = { end: "hang" } as const;

export const RUN_FAULTS: readonly DrillFault[] = [
  ends(
    "A notebook raises an error",
    { end: "code" },
    "failed",
    /RUN_EXECUTION_ERROR[^]*Mend the notebook/,
    "the notebook is mended and deployed",
  ),
  ends(
    "The Spark driver is lost at every try",
    { end: "platform" },
    "failed",
    /DRIVER_ERROR[^]*larger driver/,
    "the job gets a larger driver",
  ),
  ends(
    "A notebook loses files and says so by its counts",
    { end: "wrong-counts" },
    "failed",
    /EXIT_COUNTS_DISAGREE[^]*Do not trust/,
    "the notebook is mended and deployed",
  ),
  ends(
    "There is no champion model",
    { end: "not_ready" },
    "not_ready",
    /no champion model[^]*retry the run/,
    "a champion is trained",
  ),
  refused("The app may not start the job", 403, "PERMISSION_DENIED", "the identity gets CAN MANAGE RUN"),
  refused("The job does not know a parameter", 400, "INVALID_PARAMETER_VALUE", "the bundle is deployed"),
  {
    fault: "The job is not deployed",
    cause: async (site, door) => void (await site.runTo("failed", `${door}-late`)),
    elsewhere: { what: "the bundle is deployed", mend: (site) => void site.jobNames.push(LATE_JOB) },
    acts: [find("failed", /JOB_NOT_FOUND[^]*Deploy the bundle/, "-late"), retry],
    healed: succeeded("-late"),
  },
  {
    fault: "A step takes longer than it may",
    cause: async (site, door) => void (await site.runTo("failed", `${door}-late`, hang)),
    elsewhere: { what: "the step gets more compute", mend: () => undefined },
    acts: [find("failed", /STEP_TIMED_OUT[^]*timeoutSeconds/, "-late"), retry],
    healed: succeeded("-late"),
  },
  {
    fault: "Somebody cancels the run in the workspace",
    async cause(site, door) {
      const runId = await site.startRun(door, hang);
      (await site.databricksRunOf(runId)).cancelledAt = Date.now();
      await site.inState(runId, "cancelled");
    },
    acts: [find("cancelled", /USER_CANCELED[^]*Ask who and why/), retry],
    healed: succeeded(),
  },
  {
    fault: "A run was asked for by mistake, and runs on",
    cause: async (site, door) => void (await site.databricksRunOf(await site.startRun(door, hang))),
    acts: [find("running", /"state": ?"running"/), verb("cancelRun")],
    healed: async (site, door) => site.inState((await site.newest(door)).id, "cancelled"),
  },
  {
    fault: "The workspace is at its limit, and the run waits for its next try",
    async cause(site, door) {
      const runId = await site.startRun(door, { end: "quota" });
      await site.until("the wait for a retry", async () => {
        const { waiting } = await site.api<{ waiting: { for: string } | null }>("GET", `runs/${runId}`);
        return waiting?.for.startsWith("the retry");
      });
    },
    elsewhere: { what: "other runs of the workspace end", mend: () => undefined },
    acts: [
      find("running", /"state": ?"running"/),
      {
        operation: "getRun",
        sends: (known) => ({ path: firstRun(known) }),
        shows: /WORKSPACE_RUN_LIMIT_EXCEEDED[^]*free the limit/,
      },
      verb("hurryRun"),
    ],
    healed: succeeded(),
  },
  {
    fault: "Databricks is away while a job should start",
    async cause(site, door) {
      site.jobs.faults.push({
        path: "run-now",
        status: 503,
        body: { error_code: "TEMPORARILY_UNAVAILABLE" },
        times: 1000,
      });
      const runId = await site.startRun(door);
      await site.until("a call that failed", async () =>
        JSON.stringify(await site.api("GET", `runs/${runId}`)).includes("503"),
      );
    },
    elsewhere: { what: "Databricks is back", mend: (site) => void (site.jobs.faults.length = 0) },
    acts: [
      find("running", /"state": ?"running"/),
      { operation: "getRun", sends: (known) => ({ path: firstRun(known) }), shows: /lastFault[^]*503/ },
      verb("hurryRun"),
    ],
    healed: succeeded(),
  },
  {
    fault: "Databricks reports a state that nobody knows, and lists the run no more",
    async cause(site, door) {
      const runId = await site.startRun(door, hang);
      const run = await site.databricksRunOf(runId);
      run.oddState = "MIGRATING";
      site.jobs.unlisted.add(run.runId);
      await site.hasRunForMinutes(runId);
    },
    acts: [find("running", /"state": ?"running"/), verb("settleDatabricksRuns"), retryOnceOver],
    healed: succeeded(),
  },
  {
    fault: "A Databricks run does not end when it is cancelled",
    cause: async (site, door) =>
      void (await site.databricksRunOf(await site.startRun(door, { ...hang, cancelMs: 600_000 }))),
    acts: [find("running", /"state": ?"running"/), verb("cancelRun"), verb("abandonRun", { reason, force: true })],
    async healed(site, door) {
      const { error } = await site.inState((await site.newest(door)).id, "failed");
      expect(error?.code).toBe("ABANDONED");
      await site.runTo("succeeded", door);
    },
  },
  {
    fault: "A run that hangs keeps the others of its group waiting",
    async cause(site, door) {
      await site.databricksRunOf(await site.startRun(door, hang));
      await site.inState(await site.startRun(door), "queued");
    },
    acts: [
      { operation: "listSlots", sends: () => ({}), shows: /"holder": ?"[a-z]/ },
      {
        operation: "cancelRun",
        sends: ({ shown, pipeline }) => {
          const slots = (JSON.parse(shown[0] ?? "") as { value: { group: string; holder: string }[] }).value;
          return { path: { runId: slots.find(({ group }) => group === pipeline)?.holder ?? "" }, body: { reason } };
        },
      },
    ],
    healed: succeeded(),
  },
  {
    fault: "A night of runs failed together",
    async cause(site, door) {
      await Promise.all([1, 2].map(async () => site.runTo("failed", door, { end: "code" })));
    },
    elsewhere: { what: "the notebook is mended and deployed", mend: () => undefined },
    acts: [
      {
        operation: "planRunAction",
        sends: ({ pipeline }) => ({ path: { action: "retry" }, query: { pipeline, errorCode: "RUN_EXECUTION_ERROR" } }),
        shows: /"count": ?2/,
      },
      {
        operation: "applyRunAction",
        sends: ({ pipeline, shown }) => ({
          path: { action: "retry" },
          body: { pipeline, errorCode: "RUN_EXECUTION_ERROR", hash: part(shown[0] ?? "", "hash"), reason },
        }),
        shows: /"done": ?2/,
      },
    ],
    healed: async (site, door) =>
      site.until("none of them failed any more", async () => {
        const query = `runs?pipeline=${door}&state=`;
        const states = await Promise.all(
          ["failed", "requested", "queued", "running"].map(async (state) =>
            site.api<{ value: { error: { code: string } | null }[] }>("GET", query + state),
          ),
        );
        return states.flatMap(({ value }) => value).every(({ error }) => error?.code === "ABANDONED");
      }),
  },
];

import { NetworkError } from "../../../src/databricks/exchange";
import { DatabricksPort, SECRETS } from "../../../local/fault-simulator/databricks/databricks-port";
import { JobsModel } from "../../../local/fault-simulator/databricks/jobs-model";
import type { RunFate } from "../../../local/fault-simulator/databricks/model-run";
import { Kernel } from "../../../local/fault-simulator/kernel/kernel";
import { Wire } from "../../../local/fault-simulator/kernel/wire";
import { EXIT, jobsApiContract, type JobBehaviour, type JobsServer } from "../../support/jobs-contract";
import { Bench } from "../databricks-server/harness";

/** One suite for both servers: what the simulator's model may not say otherwise than the local Databricks. */

const nothing = async (): Promise<void> => Promise.resolve();

const ENDINGS: Readonly<Record<JobBehaviour, Partial<RunFate>>> = {
  exits: {},
  raises: { ending: "code" },
  "loses its driver": { ending: "platform" },
  "goes on": { runningMs: 1e9 },
};
const CALM: RunFate = {
  queuedMs: 100,
  runningMs: 5_000,
  ending: "success",
  oddWord: null,
  outputLagMs: 0,
  getLagMs: 0,
  listLagMs: 0,
};

function modelServer(): JobsServer {
  const kernel = new Kernel(1, Date.parse("2026-03-01T00:00:00Z"), false, 1_000_000);
  const wire = new Wire(kernel, {});
  const behaviours = new Map<string, JobBehaviour>();
  const fateOf = (job: string): RunFate => ({ ...CALM, ...ENDINGS[behaviours.get(job) ?? "exits"] });
  const ignored = { started: () => undefined, cancelled: () => undefined, ended: () => undefined };
  const model = new JobsModel(kernel, fateOf, () => ({ exit: EXIT }), ignored);
  const port = new DatabricksPort(kernel, wire, model, NetworkError);
  const caller = { name: "test", alive: true };
  /** The kernel must run outside of any promise reaction. */
  const advance = async (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(() => {
        const until = kernel.now + ms;
        kernel.after(ms, () => undefined);
        kernel.run(() => kernel.now >= until);
        resolve();
      });
    });
  return {
    call: async (method, path, body, token = SECRETS.token) => {
      const request = {
        method,
        url: `https://workspace.test${path}`,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const answer = port.exchange(caller, request);
      await advance(5_000);
      const { status, text } = await answer;
      return { status, body: JSON.parse(text) as Record<string, unknown> };
    },
    job: async (name, behaviour) => {
      behaviours.set(name, behaviour);
      return Promise.resolve(model.addJob(name));
    },
    pass: async () => advance(1_000),
  };
}

const LINES: Readonly<Record<JobBehaviour, string>> = {
  exits: `exit: ${EXIT}`,
  raises: "raise: ValueError: bad date",
  "loses its driver": "driver-error",
  "goes on": "sleep: 600000",
};

const bench = new Bench();

async function localServer(): Promise<JobsServer> {
  await bench.start();
  return {
    call: async (method, path, body, token = bench.token) => {
      const answer = await bench.call(method, path, body, { authorization: `Bearer ${token}` });
      return { status: answer.status, body: answer.body as unknown as Record<string, unknown> };
    },
    job: async (name, behaviour) =>
      bench.job([LINES[behaviour]], {
        name,
        parameters: [{ name: "run_id", default: "" }].slice(name === "good" ? 0 : 1),
      }),
    pass: async () => new Promise((resolve) => setTimeout(resolve, 20)),
  };
}

jobsApiContract("the model of the simulator", async () => Promise.resolve(modelServer()), nothing);
jobsApiContract("the local Databricks", localServer, async () => bench.remove());

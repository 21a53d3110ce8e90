import { createJobsClient, type DatabricksConnection } from "../../src/databricks/connect";
import { DatabricksApiError } from "../../src/errors";
import { FakeClock } from "./fake-clock";
import { reply, startFakeHttp, type FakeAnswer, type FakeHttp } from "./fake-http";

export const CANARY = "dapi-canary-5f3c9e";
export const MAX_INT64 = "9223372036854775807";

const servers: FakeHttp[] = [];

/** A server that gives these answers one after the other, until `closeServers`. */
export const serve = async (...answers: [FakeAnswer, ...FakeAnswer[]]) => {
  const server = await startFakeHttp(...answers);
  servers.push(server);
  return server;
};

export const closeServers = async (): Promise<void> => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
};

/** A client of the Jobs API at `host` that waits on a clock of its own. */
export const client = (host: string, over: Partial<DatabricksConnection> = {}) =>
  createJobsClient({
    host,
    auth: { kind: "token", token: CANARY },
    requestsPerSecond: 100,
    version: "1.2.3",
    clock: new FakeClock(),
    random: () => 0,
    ...over,
  });

/** The fault that `work` ends with; anything else is thrown on. */
export const fault = async (work: Promise<unknown>): Promise<DatabricksApiError> => {
  const error: unknown = await work.then(
    () => new Error("expected a fault"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DatabricksApiError)) throw error;
  return error;
};

export const notFound = (message: string) => reply(400, { error_code: "INVALID_PARAMETER_VALUE", message });

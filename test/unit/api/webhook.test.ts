import type { RunRequests } from "../../../src/ledger/run-requests";
import { callApi, type ApiRequest } from "../../support/api-calls";

const webhook = { user: "databricks", password: "canary-password-1" };
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const good = { authorization: basic("databricks:canary-password-1") };
const body =
  '{"event_type":"jobs.on_success","workspace_id":1,"run":{"run_id":9223372036854775807},"job":{"job_id":5}}';

/** Only `wakeStepOf` may be called; it remembers the ids. */
function setUp(answer: () => Promise<boolean> = async () => true) {
  const hastened: string[] = [];
  const runs = {
    wakeStepOf: (databricksRunId: string) => {
      hastened.push(databricksRunId);
      return answer();
    },
  } as unknown as RunRequests;
  const send = (request: ApiRequest, credentials: typeof webhook | undefined = webhook) =>
    callApi("databricksWebhook", { runs }, request, { webhook: credentials });
  return { hastened, send };
}

describe("databricksWebhook", () => {
  it("hastens the run that it names, int64 ids included", async () => {
    const { hastened, send } = setUp();

    expect(await send({ headers: good, body })).toMatchObject({ status: 204, body: {} });
    expect(hastened).toEqual(["9223372036854775807"]);
  });

  it("tells a stranger's run from ours to nobody", async () => {
    const { send } = setUp(async () => false);

    expect((await send({ headers: good, body })).status).toBe(204);
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["another password", { authorization: basic("databricks:canary-password-2") }],
    ["a prefix", { authorization: basic("databricks:canary-password-") }],
    ["another user", { authorization: basic("data:bricks:canary-password-1") }],
    ["a bearer token", { authorization: "Bearer canary-password-1" }],
    ["broken base64", { authorization: "Basic ***" }],
  ])("refuses %s: 401", async (_name, headers) => {
    const { hastened, send } = setUp();

    const answer = await send({ headers, body });

    expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": 'Basic realm="batchkeeper"' } });
    expect(JSON.stringify(answer)).not.toContain("canary");
    expect(hastened).toEqual([]);
  });

  it.each(["{}", '{"run":{"run_id":"x"}}', "not json", '{"run":{"run_id":1.5}}'])(
    "refuses the body %s: 400",
    async (text) => {
      const { hastened, send } = setUp();

      expect((await send({ headers: good, body: text })).status).toBe(400);
      expect(hastened).toEqual([]);
    },
  );

  it("does not exist without its two settings: 404", async () => {
    const answer = await callApi("databricksWebhook", {}, { headers: good, body });

    expect(answer).toMatchObject({ status: 404, body: { type: "urn:batchkeeper:problem:webhook-off" } });
  });

  it("shows nothing of an inner fault, but logs it: 500", async () => {
    const { send } = setUp(async () => Promise.reject(new TypeError("inner detail")));

    const answer = await send({ headers: good, body });

    expect(answer).toMatchObject({ status: 500, body: { title: "Internal error", traceId: "trace-1" } });
    expect(JSON.stringify(answer.body)).not.toContain("inner detail");
    expect(answer.log.join()).toContain("TypeError: inner detail");
  });
});

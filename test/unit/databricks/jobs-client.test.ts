import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { JobNotFoundError } from "../../../src/errors";
import type { Logger } from "../../../src/logging/logger";
import { drop, reply, silent, type FakeAnswer } from "../../support/fake-http";
import { CANARY, client, closeServers, fault, MAX_INT64, notFound, serve } from "../../support/jobs-client";

afterEach(closeServers);

const start = { jobId: MAX_INT64, idempotencyToken: "t".repeat(64), jobParameters: { run_id: "r-1" } };

describe("runNow", () => {
  it("sends token, parameters and an int64 job id, and reads an int64 run id", async () => {
    const server = await serve(reply(200, `{"run_id":${MAX_INT64},"number_in_job":1}`));

    expect(await client(server.url).runNow(start)).toBe(MAX_INT64);

    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: "POST", url: "/api/2.2/jobs/run-now" });
    expect(server.seen[0]?.headers).toMatchObject({
      "user-agent": "batchkeeper/1.2.3",
      authorization: `Bearer ${CANARY}`,
    });
    expect(server.seen[0]?.body).toBe(
      `{"job_id":${MAX_INT64},"idempotency_token":"${"t".repeat(64)}","job_parameters":{"run_id":"r-1"}}`,
    );
  });

  it.each([
    ["a 503 after the run started", reply(503, "")],
    ["a dropped connection", drop],
    ["a 429", reply(429, "{}", { "retry-after": "2" })],
  ])("sends the same token again after %s", async (_name, first) => {
    const server = await serve(first, reply(200, { run_id: 7 }));

    expect(await client(server.url).runNow(start)).toBe("7");

    expect(server.seen).toHaveLength(2);
    expect(server.seen[0]?.body).toBe(server.seen[1]?.body);
  });

  it.each(["", "t".repeat(65)])("refuses the token %p without a call", async (idempotencyToken) => {
    const server = await serve(reply(200, { run_id: 7 }));

    await expect(client(server.url).runNow({ ...start, idempotencyToken })).rejects.toThrow(
      /idempotency token of \d+ characters/,
    );
    expect(server.seen).toHaveLength(0);
  });

  it("tells a token whose run was deleted from a job that is gone", async () => {
    const deleted = await serve(notFound("The run of this idempotency_token, 2001, has been deleted."));
    const jobless = await serve(notFound("Job 5 does not exist."));

    await expect(client(deleted.url).runNow(start)).rejects.toMatchObject({ name: "RunNotFoundError", runId: "2001" });
    await expect(client(jobless.url).runNow(start)).rejects.toMatchObject({ name: "DatabricksApiError", status: 400 });
  });

  it.each<[string, boolean, [FakeAnswer, ...FakeAnswer[]]]>([
    ["a refusal", false, [reply(403)]],
    ["a throttled call that is then refused", false, [reply(429), reply(403)]],
    ["a 503 whose repeat is refused", true, [reply(503), reply(403)]],
    ["a lost answer whose repeat is refused", true, [drop, reply(400)]],
    ["a fault of the server", true, [reply(500)]],
    ["an answer without JSON", true, [reply(200, "<html>")]],
    ["an answer without a run id", true, [reply(200, { number_in_job: 1 })]],
    ["a token whose run is gone", true, [notFound("Run 2001 does not exist.")]],
  ])("tells whether it may have been carried out: %s is %s", async (_name, maybeExecuted, answers) => {
    const server = await serve(...answers);

    expect(await fault(client(server.url).runNow(start))).toMatchObject({ maybeExecuted });
  });

  it("was certainly not carried out when no connection was made", async () => {
    const server = await serve(reply(200));
    await closeServers();

    const error = await fault(client(server.url, { budgetMs: 1 }).runNow(start));

    expect(error).toMatchObject({ status: 0, errorCode: "ECONNREFUSED", maybeExecuted: false });
  });

  it("refuses an answer without a run id", async () => {
    const server = await serve(reply(200, { number_in_job: 1 }));

    expect(await fault(client(server.url).runNow(start))).toMatchObject({ errorCode: "UNEXPECTED_ANSWER" });
  });
});

describe("faults", () => {
  it("tells the caller how long a throttle lasts when it is longer than the budget", async () => {
    const server = await serve(
      reply(429, { error_code: "REQUEST_LIMIT_EXCEEDED", message: "slow down" }, { "retry-after": "600" }),
    );

    expect(await fault(client(server.url).getRun("1"))).toMatchObject({
      status: 429,
      errorCode: "REQUEST_LIMIT_EXCEEDED",
      retryAfterSeconds: 600,
    });
    expect(server.seen).toHaveLength(1);
  });

  it("names the setting when the token is refused, and asks once", async () => {
    const server = await serve(reply(401, { error_code: "UNAUTHENTICATED", message: `bad token ${CANARY}` }));

    const error = await fault(client(server.url).getRun("1"));

    expect(error).toMatchObject({ status: 401, errorCode: "UNAUTHENTICATED" });
    expect(error.message).toBe(
      "GET /api/2.2/jobs/runs/get failed with 401 UNAUTHENTICATED: bad token [redacted]. Check DATABRICKS_TOKEN.",
    );
    expect(server.seen).toHaveLength(1);
  });

  it("names the right that is missing", async () => {
    const server = await serve(
      reply(403, { error_code: "PERMISSION_DENIED", message: "User x does not have permissions on job 1" }),
    );

    expect((await fault(client(server.url).listActiveRuns("1"))).message).toContain("CAN_MANAGE_RUN");
  });

  it("names the host when nobody listens there", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");

    const error = await fault(client(`http://127.0.0.1:${port}`).getRun("1"));

    expect(error).toMatchObject({ status: 0, errorCode: "ECONNREFUSED" });
    expect(error.message).toBe(
      `cannot reach DATABRICKS_HOST http://127.0.0.1:${port} for GET /api/2.2/jobs/runs/get (ECONNREFUSED)`,
    );
  });

  it("gives up on a server that never answers", async () => {
    const server = await serve(silent);

    const error = await fault(client(server.url, { timeoutMs: 50, budgetMs: 3000 }).getRun("1"));

    expect(error).toMatchObject({ status: 0, errorCode: "TIMEOUT" });
    expect(server.seen.length).toBe(3); // pauses of 1 and 2 s fit into 3 s
  });

  it("follows no redirect, so that no token leaves for another host", async () => {
    const other = await serve(reply(200));
    const server = await serve(reply(302, "", { location: `${other.url}/login` }));

    expect((await fault(client(server.url).getRun("1"))).message).toContain(
      `Is DATABRICKS_HOST ${server.url} a workspace?`,
    );
    expect(other.seen).toHaveLength(0);
  });

  it("says what is wrong when a page answers instead of an API", async () => {
    const server = await serve(reply(200, "<html>Sign in</html>", { "content-type": "text/html" }));

    expect(await fault(client(server.url).getRun("1"))).toMatchObject({ status: 200, errorCode: "UNEXPECTED_ANSWER" });
  });

  it("never shows the token, in no error and no log line (I10)", async () => {
    const lines: string[] = [];
    const write = (message: string, fields?: object) => void lines.push(message + JSON.stringify(fields));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const echo =
      (status: number): FakeAnswer =>
      (request, response) =>
        reply(status, `<pre>${JSON.stringify(request.headers)}</pre>`)(request, response);
    const shown: unknown[] = [];

    for (const answer of [
      drop,
      silent,
      echo(400),
      echo(401),
      echo(404),
      echo(429),
      echo(500),
      echo(503),
      reply(200, CANARY),
    ]) {
      const server = await serve(answer);
      const error = await fault(client(server.url, { timeoutMs: 50, budgetMs: 1500, logger }).getTaskOutput("1"));
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
        shown.push(cause.message, cause.stack, JSON.stringify(cause, Object.getOwnPropertyNames(cause)));
      }
    }

    expect(lines.filter((line) => line.startsWith("databricks call is repeated")).length).toBeGreaterThan(0);
    // Away twice, 401, 429, 500 and 503; the answers 400, 404 and "no JSON" are the caller's to tell.
    expect(lines.filter((line) => line.startsWith("databricks call failed"))).toHaveLength(6);
    expect(JSON.stringify([shown, lines])).not.toContain(CANARY);
  });
});

describe("findJobId", () => {
  const job = (id: number | string, name: string) => `{"job_id":${id},"settings":{"name":"${name}"}}`;

  it("asks by name and follows every page", async () => {
    const server = await serve(
      reply(200, `{"jobs":[${job(1, "Score")}],"next_page_token":"p 2","has_more":false}`),
      reply(200, `{"jobs":[${job(MAX_INT64, "score")}]}`),
    );

    expect(await client(server.url).findJobId("score")).toBe(MAX_INT64);
    expect(server.seen.map((request) => request.url)).toEqual([
      "/api/2.2/jobs/list?name=score&limit=100",
      "/api/2.2/jobs/list?name=score&limit=100&page_token=p+2",
    ]);
  });

  it("refuses two jobs of one name and names both", async () => {
    const server = await serve(reply(200, `{"jobs":[${job(1, "score")},${job(2, "score")}]}`));

    const error = await fault(client(server.url).findJobId("score"));

    expect(error).toBeInstanceOf(JobNotFoundError);
    expect(error.message).toContain("ids 1, 2");
  });

  it.each([
    ["nothing", "{}", "deploy the bundle"],
    ["another case", `{"jobs":[${job(1, "SCORE")}]}`, 'a job "SCORE" differs by case'],
  ])("says what to do when it finds %s", async (_name, body, hint) => {
    const server = await serve(reply(200, body));

    const error = await fault(client(server.url).findJobId("score"));

    expect(error).toBeInstanceOf(JobNotFoundError);
    expect(error.message).toContain(hint);
  });

  it("does not follow pages for ever", async () => {
    const server = await serve(reply(200, { next_page_token: "again" }));

    expect(await fault(client(server.url).findJobId("score"))).toMatchObject({ errorCode: "UNEXPECTED_ANSWER" });
  });
});

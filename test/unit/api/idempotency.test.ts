import { sha256 } from "../../../src/domain/tokens";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const { start, end, call } = api;
const retry = (runId: string, key: string) =>
  call("retryRun", { params: { runId }, headers: { "idempotency-key": key } });

/** A run that failed and may be retried. */
async function failedRun(): Promise<string> {
  const runId = idOf(await start({ body: { rerun: true } }));
  await end(runId, "failed");
  return runId;
}

describe("an Idempotency-Key whose answer is kept", () => {
  it("gives the first answer again, and does not do the work twice", async () => {
    const runId = await failedRun();
    const first = await retry(runId, "key-1");
    await end(runId, "failed");

    const second = await retry(runId, "key-1");
    const other = await retry(runId, "key-2");

    expect(first).toMatchObject({ status: 202, body: { attempt: 2 } });
    expect(second).toMatchObject({ status: 202, body: first.body, headers: { location: first.headers["location"] } });
    expect(other).toMatchObject({ status: 202, body: { attempt: 3 } });
  });

  it("refuses another request with the key: 422", async () => {
    const [first, second] = [await failedRun(), await failedRun()];
    await retry(first, "key-1");

    const answer = await retry(second, "key-1");

    expect(answer).toMatchObject({ status: 422, body: { type: "urn:batchkeeper:problem:idempotency-key-reused" } });
    expect((await api.get(second)).body["attempt"]).toBe(1);
  });

  it("asks to wait while the first request is at work: 409, and takes the key over when that one is gone", async () => {
    const runId = await failedRun();
    const { answers } = api.test.ledger;
    const fingerprint = sha256(JSON.stringify([{ runId }, null, null]));
    const begin = async () => answers.begin({ operation: "retryRun", key: "key-1", fingerprint });
    expect(await begin()).toEqual({ kind: "new" });
    expect(await begin()).toEqual({ kind: "inFlight" });

    const answer = await retry(runId, "key-1");
    api.test.clock.advance(11 * 60_000);

    const type = "urn:batchkeeper:problem:request-in-flight";
    expect(answer).toMatchObject({ status: 409, headers: { "retry-after": "1" }, body: { type } });
    expect(await begin()).toEqual({ kind: "new" });
    expect(await begin()).toEqual({ kind: "inFlight" });
  });

  it("is free again when the request was refused", async () => {
    const runId = idOf(await start());
    expect((await retry(runId, "key-1")).status).toBe(409);
    await end(runId, "failed");

    expect((await retry(runId, "key-1")).status).toBe(202);
  });

  it("keeps long answers whole, and of those beyond a row only where they were", async () => {
    const { answers } = api.test.ledger;
    const keep = async (key: string, length: number) => {
      const request = { operation: "x", key, fingerprint: "f" };
      await answers.begin(request);
      await answers.give(request, { status: 200, body: `"${"ü".repeat(length)}"`, location: "https://x.example/1" });
      return answers.begin(request);
    };

    const long = await keep("long", 100_000);
    const huge = await keep("huge", 1_000_000);

    expect(long).toMatchObject({ kind: "given", answer: { body: `"${"ü".repeat(100_000)}"` } });
    expect(huge).toEqual({ kind: "given", answer: { status: 200, body: null, location: "https://x.example/1" } });
  });
});

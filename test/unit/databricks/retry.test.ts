import { NetworkError, type HttpAnswer } from "../../../src/databricks/exchange";
import { parseRetryAfter, sendWithRetries, type RetryPolicy } from "../../../src/databricks/retry";
import { FakeClock } from "../../support/fake-clock";

const policy = (clock: FakeClock, over: Partial<RetryPolicy> = {}): RetryPolicy => ({
  clock,
  random: () => 0,
  budgetMs: 60_000,
  ...over,
});
const answer = (status: number, retryAfter?: string): HttpAnswer => ({ status, text: "", retryAfter });

/** Gives the outcomes one after the other, the last one for ever; counts the calls. */
function script(...outcomes: (HttpAnswer | NetworkError)[]) {
  let calls = 0;
  return jest.fn(async (): Promise<HttpAnswer> => {
    const outcome = outcomes[Math.min(calls++, outcomes.length - 1)];
    if (!outcome || outcome instanceof NetworkError) throw outcome ?? new Error("empty script");
    return outcome;
  });
}

describe("sendWithRetries", () => {
  it.each([429, 502, 503, 504])("repeats after %i", async (status) => {
    const clock = new FakeClock();
    const send = script(answer(status), answer(200));

    expect((await sendWithRetries(policy(clock), true, send)).status).toBe(200);
    expect(clock.slept).toEqual([1000]);
  });

  it.each([400, 401, 403, 404, 409, 500, 501])("does not repeat after %i", async (status) => {
    const send = script(answer(status));

    expect((await sendWithRetries(policy(new FakeClock()), true, send)).status).toBe(status);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("repeats a dropped connection, and throws it when the budget is spent", async () => {
    const send = script(new NetworkError("ECONNRESET"));

    await expect(sendWithRetries(policy(new FakeClock(), { budgetMs: 7000 }), true, send)).rejects.toThrow(
      NetworkError,
    );
    expect(send).toHaveBeenCalledTimes(4); // after pauses of 1, 2 and 3 s; one of 4 s would overrun
  });

  it("repeats what is not idempotent only when the server says that it did nothing", async () => {
    const throttled = script(answer(429), answer(200));
    const broken = script(answer(503));
    const cut = script(new NetworkError("ECONNRESET"));

    expect((await sendWithRetries(policy(new FakeClock()), false, throttled)).status).toBe(200);
    expect((await sendWithRetries(policy(new FakeClock()), false, broken)).status).toBe(503);
    await expect(sendWithRetries(policy(new FakeClock()), false, cut)).rejects.toThrow(NetworkError);
    expect([throttled, broken, cut].map((send) => send.mock.calls.length)).toEqual([2, 1, 1]);
  });

  it("waits as long as Retry-After says, with jitter", async () => {
    const clock = new FakeClock();
    await sendWithRetries(policy(clock, { random: () => 0.5 }), true, script(answer(429, "7"), answer(200)));

    expect(clock.slept).toEqual([7500]);
  });

  it("gives up at once when Retry-After overruns the budget", async () => {
    const clock = new FakeClock();

    expect(await sendWithRetries(policy(clock), true, script(answer(429, "600")))).toEqual(answer(429, "600"));
    expect(clock.slept).toEqual([]);
  });

  it("grows its own pauses to 10 s and stops within the budget", async () => {
    const clock = new FakeClock();
    await sendWithRetries(policy(clock, { budgetMs: 90_000 }), true, script(answer(503)));

    expect(clock.slept).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10].map((s) => s * 1000));
  });

  it("lets other errors pass", async () => {
    const send = jest.fn(async () => Promise.reject(new TypeError("bug")));

    await expect(sendWithRetries(policy(new FakeClock()), true, send)).rejects.toThrow(TypeError);
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("parseRetryAfter", () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);

  it.each([
    ["5", 5],
    [" 0 ", 0],
    ["Thu, 01 Jan 2026 12:00:30 GMT", 30],
    ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
    ["999999", 3600],
    ["Fri, 01 Jan 2027 12:00:00 GMT", 3600],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads %p as %p", (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });
});

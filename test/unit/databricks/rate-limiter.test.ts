import { createRateLimiter } from "../../../src/databricks/rate-limiter";
import { FakeClock } from "../../support/fake-clock";

describe("createRateLimiter", () => {
  it("lets a burst of one second through, then spaces the calls", async () => {
    const clock = new FakeClock();
    const limiter = createRateLimiter(4, clock);

    await Promise.all(Array.from({ length: 8 }, () => limiter.acquire()));

    expect(clock.slept).toEqual([250, 250, 250, 250]);
  });

  it("fills up again while nobody calls, but never beyond one second's worth", async () => {
    const clock = new FakeClock();
    const limiter = createRateLimiter(2, clock);
    await limiter.acquire();
    clock.advance(60_000);

    await Promise.all(Array.from({ length: 3 }, () => limiter.acquire()));

    expect(clock.slept).toEqual([500]);
  });

  it("holds rates below one a second", async () => {
    const clock = new FakeClock();
    const limiter = createRateLimiter(0.5, clock);

    await limiter.acquire();
    await limiter.acquire();

    expect(clock.slept).toEqual([2000]);
  });
});

import { last, MetersStack, PIPELINE } from "../support/meters";

jest.setTimeout(240_000);

const health = async (meters: MetersStack): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${meters.stack.functions.url}/api/health`);
  return { status: response.status, text: await response.text() };
};

describe.each([
  ["a wrong token", { DATABRICKS_TOKEN: "wrong-canary-token" }, /DATABRICKS_TOKEN|401/],
  ["an unknown job name", { DATABRICKS_JOB_NAME_PREFIX: "elsewhere-" }, /elsewhere-meters-count/],
  ["an unreachable host", { DATABRICKS_HOST: "http://127.0.0.1:9" }, /DATABRICKS_HOST|127\.0\.0\.1:9/],
])("%s", (_, settings: Record<string, string>, words) => {
  let meters: MetersStack;
  beforeAll(async () => {
    meters = await MetersStack.start({ settings });
  });
  afterAll(async () => meters.stop());

  it("is one clear error in the run, in the health check and in the log", async () => {
    const run = await meters.runAfter(async () => meters.drop("one", [1]));
    const checked = await health(meters);

    expect(run.state).toBe("failed");
    expect(run.error?.message).toMatch(words);
    expect(run.steps[0]?.generations.length).toBeGreaterThan(0);
    expect(last(run, "count").databricksRunId).toBeNull();
    expect(checked.status).toBe(503);
    expect(checked.text).toMatch(words);
    expect(meters.log()).toMatch(words);
    expect(meters.log() + checked.text + JSON.stringify(run)).not.toContain("wrong-canary-token");
    expect(await meters.databricksRunsOf(run.id)).toHaveLength(0);
    expect(PIPELINE).toBe(run.pipeline);
  });
});

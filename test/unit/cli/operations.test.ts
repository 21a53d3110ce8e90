import { ApiServer } from "../../support/api-server";
import { cli, type CliOptions } from "../../support/cli";
import { idOf, RunsApi } from "../../support/runs-api";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { fieldsOf } from "../../../cli/fields";
import { COMMON_FLAGS } from "../../../cli/common-flags";

const api = new RunsApi();
const server = new ApiServer(
  () => api.ports,
  () => api.settings,
  "key-1",
);
beforeAll(async () => server.start());
afterAll(async () => server.stop());
beforeEach(() => {
  server.seen.length = 0;
  server.faults.length = 0;
});

const run = (args: string, options: CliOptions = {}) =>
  cli(args.split(" "), { ...options, env: { BATCHKEEPER_URL: server.url, BATCHKEEPER_KEY: "key-1", ...options.env } });

describe("every operation as a command", () => {
  const commands = OPERATIONS.flatMap(({ command, id }) => (command === undefined ? [] : [{ command, id }]));

  it.each(commands)("$command tells what it takes and what its exit codes mean", async ({ command, id }) => {
    const operation = OPERATIONS.find((candidate) => candidate.id === id);
    const { code, out } = await cli([...command.split(" "), "--help"]);

    expect(code).toBe(0);
    expect(out).toContain(operation?.summary);
    for (const example of operation?.examples ?? []) expect(out).toContain(`batchkeeper ${example}`);
    for (const text of ["Exit codes", "--json", "--profile"]) expect(out).toContain(text);
  });

  it("has no field that a flag of every command hides", () => {
    const taken = [...Object.keys(COMMON_FLAGS), "all", "idempotencyKey", "help"];
    for (const operation of OPERATIONS) {
      const flags = fieldsOf(operation).map(({ flag }) => flag);
      expect([
        operation.id,
        flags.filter((flag, index) => taken.includes(flag) || flags.indexOf(flag) !== index),
      ]).toEqual([operation.id, []]);
    }
  });
});

describe("a command", () => {
  it("sends fields to their places and shows the answer as JSON", async () => {
    const window = "--window-start 2015-11-15T06:00:00Z --window-end 2015-11-16T06:00:00Z";

    const { code, out } = await run(`runs start scoring ${window} --rerun --parameters depth=2 --json`);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      pipeline: "scoring",
      rerun: true,
      parameters: { depth: "2" },
      window: { start: "2015-11-15T06:00:00.000Z" },
    });
  });

  it("shows a failed run with its remedy", async () => {
    const runId = idOf(await api.start());
    await api.end(runId, "failed");

    const { out } = await run(`runs get ${runId}`);

    expect(out).toMatch(/RUN_EXECUTION_ERROR: ValueError: bad\n {2}remedy: .*retry the run/);
  });

  it("is a table on a terminal, and plain lines parted by tabs in a pipe", async () => {
    const runId = idOf(await api.start());

    const human = await run("runs list --pipeline scoring", { isTTY: true });
    const plain = await run("runs list --pipeline scoring");

    expect(human.out).toMatch(/^ID +STATE +REASON/);
    expect(human.out).toContain(runId);
    expect(plain.out.split("\n")[0]?.split("\t").slice(0, 3)).toEqual([runId, "requested", "http"]);
    expect(plain.out).not.toContain("\u001b");
    expect(plain.out).not.toContain("STATE");
  });

  it("goes through all pages, and sends the key nowhere but to the deployment", async () => {
    for (let index = 0; index < 5; index += 1) await api.start({ body: { rerun: true } });

    const { out } = await run("runs list --top 2 --all --json");

    const page = JSON.parse(out) as { value: unknown[]; nextLink?: string };
    expect(page.value).toHaveLength(5);
    expect(page).not.toHaveProperty("nextLink");
    expect(server.seen).toHaveLength(3);
  });

  it("does the work once although the answer was lost, by a key of its own", async () => {
    const runId = idOf(await api.start());
    await api.end(runId, "failed");
    server.faults.push(503, null);

    const { code, out } = await run(`runs retry ${runId} --json`);

    expect([code, (JSON.parse(out) as { attempt: number }).attempt]).toEqual([0, 2]);
    expect(server.seen).toHaveLength(2);
  });
});

describe("a refusal", () => {
  it.each([
    ["unknown: 3", "runs get nope", 3, /Unknown run: .*\n {2}remedy: List the runs/],
    ["not valid: 3", "runs list --top 0", 3, /Invalid request: top:.*\n {2}remedy: Mend/],
    ["a flag that is none: 2", "runs list --stat failed", 2, /--stat/],
    ["a choice that is none: 2", "runs list --state done", 2, /done/],
    ["an argument too few: 2", "runs get", 2, /runId/],
    ["a command that is none: 2", "rums list", 2, /runs/],
    ["a pair that is none: 2", "runs start scoring --parameters depth", 2, /expected name=value/],
  ])("%s", async (_name, args, code, text) => {
    const result = await run(args);

    expect(result.err).toMatch(text);
    expect([result.code, result.out]).toEqual([code, ""]);
  });

  it("is not allowed without the key: 4", async () => {
    const { code, err } = await run("runs list", { env: { BATCHKEEPER_KEY: "wrong" } });

    expect(code).toBe(4);
    expect(err).toContain("Set BATCHKEEPER_KEY");
    expect(err).not.toContain("wrong");
  });

  it("tells that nobody answers: 5, after it has tried again", async () => {
    const pauses: number[] = [];
    const gone = new ApiServer(() => ({}));
    await gone.start();
    const { url } = gone;
    await gone.stop();
    const options = { env: { BATCHKEEPER_URL: url }, onSleep: (ms: number) => void pauses.push(ms) };

    const { code, err } = await run("runs list", options);

    expect(code).toBe(5);
    expect(err).toMatch(/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED.*\n {2}remedy: Check the URL/);
    expect(pauses).toEqual([500, 1000, 2000]);
  });

  it("is the problem itself with --json", async () => {
    const { code, out, err } = await run("runs get nope --json");

    expect([code, err]).toEqual([3, ""]);
    expect(JSON.parse(out)).toMatchObject({ type: "urn:batchkeeper:problem:unknown-run", remedy: expect.any(String) });
  });
});

describe("watch", () => {
  it("tells every change once and ends with the run: 0 when it is well, 1 when not", async () => {
    const runId = idOf(await api.start());
    let looks = 0;
    const options = {
      onSleep: async () => {
        looks += 1;
        if (looks === 3) await api.end(runId, "failed");
      },
    };

    const { code, out, err } = await run(`watch ${runId}`, options);

    expect(code).toBe(1);
    expect(err).toBe(`run ${runId} requested\nrun ${runId} failed\n`);
    expect(out).toContain("RUN_EXECUTION_ERROR: ValueError: bad");
    expect(server.seen.length).toBe(4);
  });

  it("is interrupted: 130", async () => {
    const runId = idOf(await api.start());
    const interrupted = new AbortController();

    const { code } = await run(`watch ${runId}`, { onSleep: () => interrupted.abort(), signal: interrupted.signal });

    expect(code).toBe(130);
  });
});

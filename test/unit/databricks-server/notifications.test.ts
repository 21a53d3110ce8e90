import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Bench, BUNDLE, until } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE }));
afterAll(async () => bench.remove());

describe("notifications", () => {
  it("tell a webhook that a run has ended, with its password, which no answer repeats", async () => {
    const received: { path: string; authorization: string; body: object }[] = [];
    const hook = createServer((incoming, response) => {
      void text(incoming).then((body) => {
        received.push({
          path: incoming.url ?? "",
          authorization: incoming.headers.authorization ?? "",
          body: JSON.parse(body) as object,
        });
        // The first try fails: it is sent again.
        response.writeHead(received.length === 1 ? 503 : 204).end();
      });
    });
    await once(hook.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;
    const config = { generic_webhook: { url, username: "u", password: "secret-word" } };
    const created = await bench.call("POST", "/api/2.0/notification-destinations", { display_name: "app", config });

    const jobId = await bench.job(["raise X: y"], { webhook_notifications: { on_failure: [{ id: created.body.id }] } });
    const runId = await bench.runNow(jobId);
    await until(
      async () => received,
      (all) => all.length === 2,
    );
    hook.close();

    expect(received[1]).toEqual({
      path: "/hook",
      authorization: `Basic ${Buffer.from("u:secret-word").toString("base64")}`,
      body: {
        event_type: "jobs.on_failure",
        workspace_id: "900800700600",
        run: { run_id: String(runId) },
        job: { job_id: String(jobId), name: "job" },
      },
    });
    expect(
      JSON.stringify((await bench.call("GET", `/api/2.0/notification-destinations/${created.body.id}`)).body),
    ).not.toContain("secret-word");
  });
});

describe("notifications of a beginning", () => {
  const received: string[] = [];
  const hook = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      const { event_type: event, run } = JSON.parse(body) as { event_type: string; run: { run_id: string } };
      received.push(`${event} ${run.run_id}`);
      response.writeHead(204).end();
    });
  });
  let id = "";
  beforeAll(async () => {
    await once(hook.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
    const config = { generic_webhook: { url } };
    ({ id } = (await bench.call("POST", "/api/2.0/notification-destinations", { display_name: "s", config })).body);
  });
  afterAll(() => hook.close());
  const told = async (count: number) =>
    until(
      async () => received.splice(0, received.length >= count ? count : 0),
      (all) => all.length === count,
    );
  const all = () => ({ on_start: [{ id }], on_success: [{ id }], on_failure: [{ id }] });

  it("come before those of the end, for jobs and for submitted runs", async () => {
    const jobId = await bench.job(["exit"], { webhook_notifications: all() });
    const runId = await bench.runNow(jobId);
    expect(await told(2)).toEqual([`jobs.on_start ${runId}`, `jobs.on_success ${runId}`]);

    const { body } = await bench.call("POST", "/api/2.2/jobs/runs/submit", {
      run_name: "hooked",
      webhook_notifications: all(),
      tasks: [{ task_key: "t", notebook_task: { notebook_path: bench.notebook("hooked", "raise X: y") } }],
    });
    expect(await told(2)).toEqual([`jobs.on_start ${body.run_id}`, `jobs.on_failure ${body.run_id}`]);
  });

  it("come for a queued run when it begins, and for a repair", async () => {
    const jobId = await bench.job(["sleep 300", "raise X: y"], { webhook_notifications: { on_start: [{ id }] } });
    const [first, second] = [await bench.runNow(jobId), await bench.runNow(jobId)];
    expect(await told(1)).toEqual([`jobs.on_start ${first}`]);
    await bench.ended(second);
    expect(await told(1)).toEqual([`jobs.on_start ${second}`]);

    await bench.call("POST", "/api/2.2/jobs/runs/repair", { run_id: second, rerun_all_failed_tasks: true });
    expect(await told(1)).toEqual([`jobs.on_start ${second}`]);
  });

  it("keep quiet about skipped and cancelled runs when asked to", async () => {
    const quiet = { no_alert_for_skipped_runs: true, no_alert_for_canceled_runs: true };
    const settings = { webhook_notifications: { on_failure: [{ id }] }, queue: { enabled: false } };
    for (const notification_settings of [quiet, {}]) {
      const jobId = await bench.job(["sleep 60000"], { ...settings, notification_settings });
      const runId = await bench.runNow(jobId);
      const skipped = await bench.runNow(jobId);
      await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: runId });
      await bench.ended(runId);
      if (notification_settings === quiet) continue;
      expect((await told(2)).sort()).toEqual([`jobs.on_failure ${runId}`, `jobs.on_failure ${skipped}`].sort());
    }
  });
});

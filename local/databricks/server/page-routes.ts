import { indexPage, runPage } from "./pages";
import { Reply, type ApiRequest, type Route } from "./router";
import { readOutput } from "./run-output";
import type { RunsService } from "./runs-service";
import { outputFolder } from "./task-executor";
import { Params } from "./params";

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};

/** The pages that people open: `/` and `/jobs/<job>/runs/<run>`. They need no token, being reachable from this machine only. */
export function pageRoutes(service: RunsService, stateDir: string): Route[] {
  function index(): Reply {
    const jobs = service.jobs.list({ offset: 0 }, 100).items;
    const runs = service.store
      .list({}, { offset: 0 }, 50)
      .items.map((run) => ({ run, tasks: service.store.tasks(run.runId) }));
    return new Reply(200, indexPage(jobs, runs), HEADERS);
  }

  function run(request: ApiRequest): Reply {
    const found = service.locate(new Params({ run_id: request.parts["run"] }).requiredInteger("run_id"));
    const outputs = found.tasks.map((task) => {
      const folder = outputFolder(stateDir, task.runId);
      return { task, stdout: readOutput(folder, "stdout.log"), stderr: readOutput(folder, "stderr.log") };
    });
    return new Reply(200, runPage(found.run, outputs), HEADERS);
  }

  return [
    { method: "GET", pattern: "/", handler: index, open: true },
    { method: "GET", pattern: "/jobs/:job/runs/:run", handler: run, open: true },
  ];
}

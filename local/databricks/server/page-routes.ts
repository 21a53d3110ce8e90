import { indexPage, jobPage, type ListedRun } from "./pages";
import { Params } from "./params";
import { Reply, type ApiRequest, type Route } from "./router";
import { readOutput } from "./run-output";
import { runPage } from "./run-page";
import type { RunsService } from "./runs-service";
import type { SettingWarnings } from "./setting-warnings";
import { outputFolder } from "./task-executor";

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};

/** The pages that people open: `/`, `/jobs/<job>` and `/jobs/<job>/runs/<run>`. They need no token, being reachable from this machine only. */
export function pageRoutes(service: RunsService, warnings: SettingWarnings, stateDir: string): Route[] {
  const { store, jobs } = service;
  const listed = (jobId?: number): ListedRun[] =>
    store.list({ jobId }, { offset: 0 }, 50).items.map((run) => ({ run, tasks: store.tasks(run.runId) }));
  const id = (request: ApiRequest, name: string): number =>
    new Params({ [name]: request.parts[name] }).requiredInteger(name);
  const show = (text: string): Reply => new Reply(200, text, HEADERS);

  function job(request: ApiRequest): Reply {
    const found = jobs.get(id(request, "job"));
    return show(jobPage(found, listed(found.jobId), warnings.list(found.settings)));
  }

  function run(request: ApiRequest): Reply {
    const found = service.locate(id(request, "run"));
    const outputs = found.tasks.map((task) => {
      const folder = outputFolder(stateDir, task.runId);
      return { task, stdout: readOutput(folder, "stdout.log"), stderr: readOutput(folder, "stderr.log") };
    });
    return show(runPage(found.run, outputs, warnings.of(found.run.settings, found.tasks).warnings ?? []));
  }

  return [
    {
      method: "GET",
      pattern: "/",
      handler: () => show(indexPage(jobs.list({ offset: 0 }, 100).items, listed())),
      open: true,
    },
    { method: "GET", pattern: "/jobs/:job", handler: job, open: true },
    { method: "GET", pattern: "/jobs/:job/runs/:run", handler: run, open: true },
  ];
}

import { compare, type Change } from "./changes";
import type { OpenRun } from "./deployed";
import type { State } from "./wanted";

/** What the next deployment does, and whom it meets. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly runs: readonly OpenRun[];
}

/** Settings that Azure or the host's own part of the Bicep holds are none of the app's, and stay. */
const OTHERS =
  /^(AzureWebJobs|AzureFunctionsJobHost__|APPLICATIONINSIGHTS_|WEBSITE_|FUNCTIONS_|DURABLE_TASK_SCHEDULER_|DEPLOYMENT_STORAGE_)/;

/** Compares both sides. What the workspace adds to a job by itself is no change. */
export function makePlan(wanted: State, deployed: State, runs: readonly OpenRun[]): Plan {
  const missing = new Set([...deployed.jobs.keys()].map((name) => name.split(": ")[0]));
  const isNew = (name: string): boolean => !missing.has(name.split(": ")[0] ?? "");
  const jobs = compare("job", wanted.jobs, deployed.jobs, () => false);
  // A job that is not there yet is one line, not one for each of its settings.
  const added = new Set(
    jobs
      .map(({ name }) => name)
      .filter(isNew)
      .map((name) => name.split(": ")[0] ?? ""),
  );
  return {
    changes: [
      ...compare("setting", wanted.settings, deployed.settings, (name) => !OTHERS.test(name)),
      ...compare("definition", wanted.definitions, deployed.definitions),
      ...[...added].map((name): Change => ({ part: "job", name, kind: "add" })),
      ...jobs.filter(({ name }) => !isNew(name)),
      ...compare("notebook", wanted.notebooks, deployed.notebooks),
    ],
    runs,
  };
}

const SIGNS = { add: "+", change: "~", remove: "-" } as const;

/** The plan as lines, by parts. */
export function writePlan({ changes, runs }: Plan): string {
  const line = ({ kind, part, name, from, to }: Change): string => {
    const values = from !== undefined && to !== undefined ? `${from} -> ${to}` : (to ?? from ?? "");
    return `${SIGNS[kind]} ${part.padEnd(10)} ${name}${values ? `  ${values}` : ""}`;
  };
  const met = runs.map(({ id, pipeline, state }) => `! run        ${id} of ${pipeline} is ${state}: it goes on with the new app, on the notebooks that its next step finds`); // prettier-ignore
  const last = changes.length === 0 ? "nothing changes" : `${changes.length} changes`;
  return [...changes.map(line), ...met, `${last}, ${runs.length} open runs`].join("\n");
}

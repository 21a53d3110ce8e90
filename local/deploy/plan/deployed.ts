import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionText, jobTexts, notebookDigests, type State } from "./wanted";

/** Runs a tool of the cloud and gives what it prints. @throws Error with its own words */
export type Tool = (name: "az" | "databricks", args: readonly string[]) => string;

/** Where the deployment is, by the names that azd keeps. */
export interface Place {
  readonly group: string;
  readonly app: string;
  /** `https://…` of the app. */
  readonly api: string;
  /** Folder of the bundle's files in the workspace. */
  readonly files: string;
  readonly jobNames: readonly string[];
}

/** A run that the next deployment meets. */
export interface OpenRun {
  readonly id: string;
  readonly pipeline: string;
  readonly state: string;
}

const OPEN = ["requested", "queued", "running"];

/** Runs the real tool. */
export const realTool: Tool = (name, args) =>
  execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64e6 });

/** Reads what is deployed; changes nothing. */
export async function deployedState(place: Place, tool: Tool): Promise<{ state: State; runs: OpenRun[] }> {
  const names = ["-g", place.group, "-n", place.app];
  const read = <T>(name: "az" | "databricks", ...args: string[]): T => JSON.parse(tool(name, args)) as T;
  const settings = read<{ name: string; value: string }[]>("az", "functionapp", "config", "appsettings", "list", ...names, "-o", "json"); // prettier-ignore
  const key = tool("az", ["functionapp", "keys", "list", ...names, "--query", "functionKeys.default", "-o", "tsv"]);
  const get = async <T>(path: string): Promise<T[]> => pages<T>(`${place.api}/api/v1/${path}`, key.trim());
  const pipelines = await get<Record<string, unknown>>("pipelines");
  const runs = (await Promise.all(OPEN.map((state) => get<OpenRun>(`runs?state=${state}`)))).flat();
  return {
    state: {
      settings: new Map(settings.map(({ name, value }) => [name, value])),
      definitions: new Map(pipelines.map((item) => [String(item["name"]), definitionText(item)])),
      jobs: jobTexts(deployedJobs(place.jobNames, read)),
      notebooks: deployedNotebooks(place.files, tool),
    },
    runs: runs.map(({ id, pipeline, state }) => ({ id, pipeline, state })),
  };
}

async function pages<T>(first: string, key: string): Promise<T[]> {
  const all: T[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    const response: Response = await fetch(url, { headers: { "x-functions-key": key } });
    if (!response.ok) throw new Error(`${new URL(url).pathname} of the app is answered with ${response.status}`);
    const page = (await response.json()) as { value: T[]; nextLink?: string | null };
    all.push(...page.value);
    url = page.nextLink ?? undefined;
  }
  return all;
}

function deployedJobs(
  names: readonly string[],
  read: <T>(name: "databricks", ...args: string[]) => T,
): Record<string, unknown>[] {
  const listed = read<{ job_id: number; settings: { name: string } }[]>("databricks", "jobs", "list", "-o", "json");
  return listed
    .filter(({ settings }) => names.includes(settings.name))
    .map(({ job_id }) => {
      return read<{ settings: Record<string, unknown> }>("databricks", "jobs", "get", String(job_id), "-o", "json")
        .settings;
    });
}

function deployedNotebooks(files: string, tool: Tool): State["notebooks"] {
  const folder = mkdtempSync(join(tmpdir(), "batchkeeper-notebooks-"));
  try {
    tool("databricks", ["workspace", "export-dir", `${files}/notebooks`, folder, "--overwrite"]);
    return notebookDigests(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

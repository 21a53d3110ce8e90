#!/usr/bin/env node
/**
 * Writes a copy of the bundle for another kind of compute, to `dist/bundle`: `node scripts/bundle.mjs --compute NAME`, where NAME is
 * existing, serverless or shared. The checkout's own bundle is the default, clusters on the warm pool, and needs no copy.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, parseDocument, stringify } from "yaml";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each kind of compute makes of a job; the variables that it does without, and those that it needs. */
const COMPUTE = {
  existing: {
    drops: ["job_cluster", "instance_pool_id"],
    adds: {
      existing_cluster_id: {
        description: "Cluster that all jobs share; its libraries and Spark settings are its own.",
      },
    },
    task: (task) => task.set("existing_cluster_id", "${var.existing_cluster_id}"),
  },
  // A notebook task without a cluster is serverless. Its libraries are those of the notebook's environment, MLflow among them.
  serverless: { drops: ["job_cluster", "instance_pool_id"], adds: {}, task: (task) => task.delete("libraries") },
  // The jobs of the steps stay: runs that were asked for before the change still start them.
  shared: { drops: [], adds: {} },
};

const edit = (file, change) => {
  const document = parseDocument(readFileSync(file, "utf8"));
  change(document);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
};

/** The job of each definition's `sharedJob`: its steps' jobs, as tasks one after the other on one cluster. */
function writeSharedJobs(out) {
  for (const file of readdirSync(join(root, "pipelines")).filter((name) => /^[a-z0-9-]+\.json$/.test(name))) {
    const { name, description, sharedJob, steps } = JSON.parse(readFileSync(join(root, "pipelines", file), "utf8"));
    if (sharedJob === undefined) continue;
    const jobs = steps.map(({ job }) => jobNamed(out, job));
    const parameters = new Map(jobs.flatMap((job) => job.parameters).map((parameter) => [parameter.name, parameter]));
    const tasks = jobs.flatMap((job) => job.tasks);
    const shared = {
      ...jobs[0],
      ...{ name: `\${var.job_name_prefix}${sharedJob}`, description },
      timeout_seconds: jobs.reduce((total, job) => total + job.timeout_seconds, 0),
      parameters: [...parameters.values()],
      tags: { ...jobs[0].tags, step: name },
      tasks: tasks.map((task, index) =>
        index === 0 ? task : { ...task, depends_on: [{ task_key: tasks[index - 1].task_key }] },
      ),
    };
    const resources = { jobs: { [sharedJob.replaceAll("-", "_")]: shared } };
    writeFileSync(join(out, "resources", `${sharedJob}.job.yml`), stringify({ resources }));
  }
}

function jobNamed(out, name) {
  for (const file of readdirSync(join(out, "resources"))) {
    const jobs = Object.values(parse(readFileSync(join(out, "resources", file), "utf8")).resources.jobs ?? {});
    const found = jobs.find((job) => job.name === `\${var.job_name_prefix}${name}`);
    if (found) return found;
  }
  throw new Error(`no job of resources/ is named ${name}`);
}

function change(document, { task: changeTask }) {
  for (const { value: job } of document.getIn(["resources", "jobs"])?.items ?? []) {
    job.delete("job_clusters");
    for (const task of job.get("tasks").items) {
      task.delete("job_cluster_key");
      changeTask(task);
    }
  }
}

/** @returns the folder of the copy */
export function writeBundle(compute, out) {
  const kind = COMPUTE[compute];
  if (!kind) throw new Error(`--compute must be one of ${Object.keys(COMPUTE).join(", ")}, not "${compute ?? ""}"`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const part of ["databricks.yml", "resources", "notebooks", "examples"])
    cpSync(join(root, part), join(out, part), { recursive: true });
  edit(join(out, "databricks.yml"), (document) => {
    // The copy lies in dist/, which git ignores: without this the CLI uploads jobs and no notebooks.
    document.set("sync", { include: ["notebooks/**", "examples/**"], exclude: ["**/__pycache__/**"] });
    for (const name of kind.drops) {
      document.deleteIn(["variables", name]);
      for (const { value: target } of document.get("targets").items)
        if (target.hasIn(["variables", name])) target.deleteIn(["variables", name]);
    }
    for (const [name, variable] of Object.entries(kind.adds)) document.setIn(["variables", name], variable);
    // Nothing has to be known of a cluster where nothing is deployed.
    for (const name of Object.keys(kind.adds)) document.setIn(["targets", "local", "variables", name], "none");
  });
  if (compute === "shared") writeSharedJobs(out);
  for (const name of readdirSync(join(out, "resources")).filter((file) => kind.task && file.endsWith(".job.yml")))
    edit(join(out, "resources", name), (document) => change(document, kind));
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { compute: { type: "string" }, out: { type: "string" } } });
  console.log(writeBundle(values.compute, values.out ?? join(root, "dist", "bundle")));
}

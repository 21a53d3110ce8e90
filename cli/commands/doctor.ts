import { buildCommand } from "@stricli/core";
import type { DropView } from "../../src/api/drops/views";
import type { PipelineView } from "../../src/api/pipelines/views";
import { ApiClient } from "../client";
import { COMMON_FLAGS, type CommonFlags } from "../common-flags";
import type { CliContext } from "../context";
import { EXIT, EXIT_CODES_TEXT } from "../exit-codes";
import { Fault } from "../fault";
import { operationById } from "../operations";
import { stateCell } from "../output/cell";
import { writeRows } from "../output/table";
import { chooseProfile, type Profile } from "../profiles";

/** One thing that was looked at. */
interface Finding {
  readonly name: string;
  readonly status: "ok" | "failed" | "skipped";
  readonly message: string;
}

/** Looks at everything that a deployment needs, from the profile to the events, and says what to do about each. */
export const doctorCommand = buildCommand<CommonFlags, [], CliContext>({
  docs: {
    brief: "Check a deployment from here to Databricks, with a remedy for each fault",
    fullDescription: `Check a deployment from here to Databricks, with a remedy for each fault: the way to it, the key, settings, storage roles, token and jobs of Databricks, its webhook, and whether blob events arrive.\n\n${EXIT_CODES_TEXT}`,
  },
  parameters: { flags: COMMON_FLAGS },
  async func(flags) {
    const profile = chooseProfile(this.env, flags);
    const findings = await examine(this, profile);
    const out = this.process.stdout;
    if (flags.json) out.write(`${JSON.stringify(findings)}\n`);
    else
      writeRows(
        out,
        ["check", "status", "what to do"],
        findings.map(({ name, status, message }) => [name, stateCell(out, status), message]),
      );
    if (findings.some(({ status }) => status === "failed")) this.process.exitCode = EXIT.notWell;
  },
});

async function examine(context: CliContext, profile: Profile): Promise<Finding[]> {
  const client = new ApiClient(profile, context);
  const live = await attempt("the app answers", async () => {
    await client.call(operationById("healthLive"));
    return profile.url;
  });
  if (live.status !== "ok") return [live];
  const findings = [live];
  try {
    const { body } = await client.call(operationById("health"));
    const { checks, version } = body as { checks: Finding[]; version: string };
    findings.push(
      { name: "key or sign-in", status: "ok", message: "" },
      versionFinding(context.version, version),
      ...checks,
    );
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [...findings, { name: "key or sign-in", status: "failed", message: remedyOf(error) }];
  }
  return [...findings, await webhook(context, profile), await events(client)];
}

function versionFinding(own: string, app: string): Finding {
  const isSame = own === app;
  const message = isSame ? app : `the command is ${own}, the app ${app}: use the checkout that was deployed`;
  return { name: "version", status: isSame ? "ok" : "failed", message };
}

/** Asks the webhook without a password: 401 means that it is on and guarded. */
async function webhook(context: CliContext, { url }: Profile): Promise<Finding> {
  const name = "databricks webhook";
  const response = await context.fetch(`${url}/${operationById("databricksWebhook").http.path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    signal: context.signal,
  });
  if (response.status === 401) return { name, status: "ok", message: "" };
  if (response.status === 404) {
    const message = "off: runs are seen by polling alone. Set DATABRICKS_WEBHOOK_USER and DATABRICKS_WEBHOOK_PASSWORD";
    return { name, status: "skipped", message };
  }
  return { name, status: "failed", message: `answered ${response.status}: it must be reachable without a sign-in` };
}

/** A drop that is seen only by the sweeper's scan is seen minutes after it was written. */
const EVENT_SECONDS = 120;

/** Judges by the newest drop whether blob events arrive: that of a person's probe, or of a source. */
async function events(client: ApiClient): Promise<Finding> {
  const name = "blob events";
  const { body } = await client.call(operationById("listPipelines"));
  const takers = (body as { value: PipelineView[] }).value.filter(({ takesDrops }) => takesDrops);
  const pages = await Promise.all(
    takers.map(async ({ name: pipeline }) =>
      client.call(operationById("listDrops"), { path: { pipeline }, query: { top: 200 } }),
    ),
  );
  const drops = pages.flatMap((page) => (page.body as { value: DropView[] }).value);
  const last = drops.sort((a, b) => (a.lastModified < b.lastModified ? 1 : -1))[0];
  if (!last) return { name, status: "skipped", message: "no drop yet: `batchkeeper drop FILE` is the probe" };
  const seconds = Math.round((Date.parse(last.seenAt) - Date.parse(last.lastModified)) / 1000);
  const told = `${last.path} was seen ${seconds} s after it was written`;
  if (seconds <= EVENT_SECONDS) return { name, status: "ok", message: told };
  const remedy = "check the Event Grid subscription of the container (docs/deploy.md); the scan finds drops meanwhile";
  return { name, status: "failed", message: `${told}: ${remedy}` };
}

async function attempt(name: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { name, status: "ok", message: await work() };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name, status: "failed", message: remedyOf(error) };
  }
}

function remedyOf({ problem }: Fault): string {
  return `${problem.detail}. ${problem.remedy}`;
}

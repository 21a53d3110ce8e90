import { buildCommand } from "@stricli/core";
import { newestArrival, probeArrival } from "../blob-events";
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
  readonly remedy?: string | null;
}

/** Looks at everything that a deployment needs, from the profile to the events, and says what to do about each. */
export const doctorCommand = buildCommand<CommonFlags & { readonly probe?: boolean }, [], CliContext>({
  docs: {
    brief: "Check a deployment from here to Databricks, with a remedy for each fault",
    fullDescription: `Check a deployment from here to Databricks, with a remedy for each fault: the way to it, the key, settings, storage roles, token and jobs of Databricks, its webhook, and whether blob events arrive: by the newest drop, or with --probe by a blob of its own, which no batch holds.\n\n${EXIT_CODES_TEXT}`,
  },
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      probe: { kind: "boolean", optional: true, withNegated: false, brief: "put a blob and follow it to the ledger" },
    },
  },
  async func(flags) {
    const profile = chooseProfile(this.env, flags);
    const findings = await examine(this, profile, flags.probe ?? false);
    const out = this.process.stdout;
    if (flags.json) out.write(`${JSON.stringify(findings)}\n`);
    else
      writeRows(
        out,
        ["check", "status", "what to do"],
        findings.map(({ name, status, message, remedy }) => [
          name,
          stateCell(out, status),
          [message, remedy].filter(Boolean).join(". "),
        ]),
      );
    if (findings.some(({ status }) => status === "failed")) this.process.exitCode = EXIT.notWell;
  },
});

async function examine(context: CliContext, profile: Profile, isProbing: boolean): Promise<Finding[]> {
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
  const told = await webhook(context, profile);
  return [
    ...findings,
    told,
    await events(isProbing ? () => probeArrival(context, client) : () => newestArrival(client)),
  ];
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

async function events(look: () => Promise<string | null>): Promise<Finding> {
  const name = "blob events";
  const none = "no drop yet: `--probe` puts one that no batch holds";
  const found = await attempt(name, async () => (await look()) ?? none);
  return found.message === none ? { ...found, status: "skipped" } : found;
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

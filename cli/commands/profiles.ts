import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context";
import { writeRows } from "../output/table";
import { normalise, readProfiles, writeProfile } from "../profiles";

const list = buildCommand<{ readonly json?: boolean }, [], CliContext>({
  docs: { brief: "List the deployments that have a name; keys are not shown" },
  parameters: { flags: { json: { kind: "boolean", optional: true, withNegated: false, brief: "as JSON" } } },
  func({ json }) {
    const { current, profiles } = readProfiles(this.env);
    const rows = Object.entries(profiles).map(([name, { url, key }]) => ({
      ...{ name, url, key: key === undefined ? "none" : "kept", current: name === current },
    }));
    if (json) this.process.stdout.write(`${JSON.stringify(rows)}\n`);
    else
      writeRows(
        this.process.stdout,
        ["name", "url", "key", "current"],
        rows.map(({ name, url, key, current }) => [name, url, key, current ? "yes" : "no"]),
      );
  },
});

const set = buildCommand<{ readonly url: string }, [string], CliContext>({
  docs: {
    brief: "Name a deployment and make it the current one",
    fullDescription:
      "Name a deployment and make it the current one. A key is taken from BATCHKEEPER_KEY, so that it stands in no list of processes, and kept in a file that only you may read.\n\nExamples\n  BATCHKEEPER_KEY=… batchkeeper profiles set prod --url https://func-x.azurewebsites.net",
  },
  parameters: {
    flags: { url: { kind: "parsed", parse: String, brief: "URL of the function app", placeholder: "url" } },
    positional: { kind: "tuple", parameters: [{ brief: "its name", placeholder: "name", parse: String }] },
  },
  func({ url }, name) {
    const key = this.env["BATCHKEEPER_KEY"];
    const profile = { url: normalise(url), ...(key ? { key } : {}) };
    const file = writeProfile(this.env, name, profile);
    this.process.stderr.write(`${name} is ${profile.url}, ${key ? "with its key" : "without a key"} (${file})\n`);
  },
});

export const PROFILE_COMMANDS = { list, set };

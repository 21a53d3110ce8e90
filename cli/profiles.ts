import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ownFault } from "./fault";

/** Where a deployment is, and how to be let in. */
export interface Profile {
  readonly name: string;
  /** With `/api`, without a slash at its end. */
  readonly url: string;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
}

const storedSchema = z.strictObject({
  current: z.string().optional(),
  profiles: z.record(z.string(), z.strictObject({ url: z.url(), key: z.string().optional() })),
});
type Stored = z.infer<typeof storedSchema>;
type Environment = Readonly<Record<string, string | undefined>>;

/** What `batchkeeper start` serves. */
const LOCAL: Profile = { name: "local", url: "http://127.0.0.1:7071/api" };

function fileOf(env: Environment): string {
  const home = env["XDG_CONFIG_HOME"] ?? join(env["HOME"] ?? homedir(), ".config");
  return env["BATCHKEEPER_PROFILES"] ?? join(home, "batchkeeper", "profiles.json");
}

/** The stored profiles. @throws Fault that names the file when it is no profile file */
export function readProfiles(env: Environment): Stored {
  const file = fileOf(env);
  if (!existsSync(file)) return { profiles: {} };
  try {
    return storedSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw ownFault("bad-argument", `${file} is no profile file: ${error instanceof Error ? error.message : "?"}`);
  }
}

/** Keeps a profile, and makes it the current one. Only its owner may read the file: it holds keys. */
export function writeProfile(env: Environment, name: string, profile: { url: string; key?: string }): string {
  const file = fileOf(env);
  const stored = readProfiles(env);
  const next: Stored = { current: name, profiles: { ...stored.profiles, [name]: profile } };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
  return file;
}

/** The deployment that a command talks to: flag, then environment, then the current profile, then this machine. */
export function chooseProfile(env: Environment, flags: { readonly profile?: string; readonly url?: string }): Profile {
  const secrets = { key: env["BATCHKEEPER_KEY"], token: env["BATCHKEEPER_TOKEN"] };
  const url = flags.url ?? (flags.profile === undefined ? env["BATCHKEEPER_URL"] : undefined);
  if (url !== undefined) return { name: "(url)", url: normalise(url), ...secrets };
  const stored = readProfiles(env);
  const name = flags.profile ?? env["BATCHKEEPER_PROFILE"] ?? stored.current;
  if (name === undefined || (name === LOCAL.name && !(name in stored.profiles))) return { ...LOCAL, ...secrets };
  const profile = stored.profiles[name];
  if (!profile) {
    const known = [LOCAL.name, ...Object.keys(stored.profiles)].join(", ");
    throw ownFault("unknown-profile", `there is no profile "${name}"; known: ${known}`);
  }
  return { name, url: normalise(profile.url), key: secrets.key ?? profile.key, token: secrets.token };
}

/** The root of the API: `https://app` means `https://app/api`. */
export function normalise(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw ownFault("bad-argument", `"${url}" is no http(s) URL`);
  const path = parsed.pathname.replace(/\/+$/, "");
  return `${parsed.origin}${path === "" ? "/api" : path}`;
}

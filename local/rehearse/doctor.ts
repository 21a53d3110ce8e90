import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { NODE, REPO_ROOT } from "../paths";
import type { EventSubscription } from "./event-grid";
import type { Site } from "./site";

const PROBE = ".batchkeeper/probe";

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly message: string;
}

/** Runs the command that a deployment ends with, and tells of its probe as Event Grid does. @returns what it found */
export async function runDoctor(site: Site, subscription: EventSubscription): Promise<readonly Finding[]> {
  const main = join(REPO_ROOT, "dist", "cli", "main.js");
  const child = spawn(NODE, [main, "doctor", "--probe", "--json", "--url", site.host.url], {
    env: { ...process.env, BATCHKEEPER_KEY: site.keys.function, NODE_EXTRA_CA_CERTS: site.trusted },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, errors, isRunning] = ["", "", true];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const probe = site.blobs.getContainerClient("drops").getBlockBlobClient(PROBE);
  const told = ended.then(() => (isRunning = false));
  while (isRunning && !(await probe.exists())) await pause(100);
  if (isRunning) {
    const { etag = "" } = await probe.getProperties();
    await subscription.publish({ url: probe.url, etag, api: "PutBlob" });
  }
  await told;
  if (!out.startsWith("[")) throw new Error(`the doctor says nothing: ${errors.slice(-500)}`);
  return JSON.parse(out) as Finding[];
}

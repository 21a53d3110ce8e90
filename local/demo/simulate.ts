import { spawn } from "node:child_process";
import { join } from "node:path";
import { PYTHON, REPO_ROOT } from "../paths";

/** Runs the simulator; its progress goes to `tell`, line by line. */
export async function simulate(args: readonly string[], tell: (line: string) => void): Promise<void> {
  const child = spawn(PYTHON, ["-m", "simulator", ...args], {
    cwd: join(REPO_ROOT, "local"),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => chunk.toString().trimEnd().split("\n").forEach(tell));
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`the simulator ended with code ${code}: ${errors}`);
}

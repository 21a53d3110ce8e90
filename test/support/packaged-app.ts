import { unzipSync } from "fflate";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NODE, REPO_ROOT } from "../../local/paths";

/** Runs `npm run package` without the measurement and returns the zip. Needs the compiled tree. */
export function makePackage(out: string, env: Readonly<Record<string, string>> = {}): Buffer {
  mkdirSync(out, { recursive: true });
  const script = join(REPO_ROOT, "scripts", "package.mjs");
  execFileSync(NODE, [script, "--no-import", "--out", out], { env: { ...process.env, ...env }, stdio: "pipe" });
  const [file] = readdirSync(out).filter((name) => name.endsWith(".zip"));
  if (!file) throw new Error(`no zip in ${out}`);
  return readFileSync(join(out, file));
}

/** Makes the package and unpacks its zip into `folder`, apart from the checkout, as Azure would. */
export function deployTo(folder: string): void {
  const out = `${folder}.made`;
  const zip = makePackage(out);
  rmSync(out, { recursive: true });
  for (const [name, bytes] of Object.entries(unzipSync(zip))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

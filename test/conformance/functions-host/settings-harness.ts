import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestHost } from "./harness";

/** Folder of the files that a test writes. */
export const folder = mkdtempSync(join(tmpdir(), "functions-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The app setting that overrides this path of `host.json`. */
export const hostKey = (path: string): string => `AzureFunctionsJobHost__${path.replaceAll(".", "__")}`;

/** Writes a settings file; gives the arguments that make a host read it. */
export function settingsFile(name: string, text: string): string[] {
  const file = join(folder, name);
  writeFileSync(file, text);
  return ["--settings", file];
}

/** Runs the work on a host of the app `settings` that is gone afterwards. */
export async function withHost(
  extra: { env?: Record<string, string>; args?: string[] },
  work: (host: TestHost) => Promise<void>,
): Promise<void> {
  const host = new TestHost("settings", extra);
  try {
    await host.start();
    await work(host);
  } finally {
    await host.dispose();
  }
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const manifest = z.object({ version: z.string() });

/** The version in the `package.json` nearest above `folder`; `0.0.0` when there is none. */
export function appVersion(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "package.json");
    const parsed = existsSync(file) ? manifest.safeParse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
    if (parsed?.success) return parsed.data.version;
    if (at === dirname(at)) return "0.0.0";
  }
}

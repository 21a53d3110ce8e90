import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../paths";

/** How long the collector waits for more drops on one machine: seconds, where production waits minutes. */
export interface CollectorTimes {
  readonly quietPeriodSeconds: number;
  readonly maxWaitSeconds: number;
}

/** Copies the shipped definitions into `folder`, with shorter waits; everything else stays as shipped. */
export function writeLocalPipelines(folder: string, times: CollectorTimes): void {
  mkdirSync(folder, { recursive: true });
  const shipped = join(REPO_ROOT, "pipelines");
  for (const name of readdirSync(shipped).filter((file) => file.endsWith(".json"))) {
    const definition = JSON.parse(readFileSync(join(shipped, name), "utf8")) as { drops?: object };
    if (definition.drops) Object.assign(definition.drops, times);
    writeFileSync(join(folder, name), JSON.stringify(definition, null, 2));
  }
}

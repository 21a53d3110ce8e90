import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How long the collector waits for more drops on one machine: seconds, where production waits minutes. */
export interface CollectorTimes {
  readonly quietPeriodSeconds: number;
  readonly maxWaitSeconds: number;
}

/** Copies the definitions of `shipped` into `folder`, with shorter waits; everything else stays as shipped. */
export function writeLocalPipelines(shipped: string, folder: string, times: CollectorTimes): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(shipped).filter((file) => file.endsWith(".json"))) {
    const definition = JSON.parse(readFileSync(join(shipped, name), "utf8")) as { drops?: object };
    if (definition.drops) Object.assign(definition.drops, times);
    writeFileSync(join(folder, name), JSON.stringify(definition, null, 2));
  }
}

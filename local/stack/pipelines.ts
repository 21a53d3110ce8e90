import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Waits on one machine: seconds, where production waits minutes. */
export interface LocalTimes {
  /** How long the collector waits for more drops. */
  readonly quietPeriodSeconds: number;
  readonly maxWaitSeconds: number;
  /** Before the first repetition of a failed step; as shipped unless given. */
  readonly retryDelaySeconds?: number;
}

interface Definition {
  readonly drops?: object;
  readonly steps: readonly { readonly retry: object }[];
}

/** Copies the definitions of `shipped` into `folder`, with shorter waits; everything else stays as shipped. */
export function writeLocalPipelines(shipped: string, folder: string, times: LocalTimes): void {
  const { retryDelaySeconds, ...collector } = times;
  mkdirSync(folder, { recursive: true });
  const isDefinition = (file: string): boolean => file.endsWith(".json") && !file.endsWith(".schema.json");
  for (const name of readdirSync(shipped).filter(isDefinition)) {
    const definition = JSON.parse(readFileSync(join(shipped, name), "utf8")) as Definition;
    // An empty file is a drop after the same quiet: nobody writes slowly here.
    if (definition.drops) Object.assign(definition.drops, collector, { settleSeconds: times.quietPeriodSeconds });
    if (retryDelaySeconds !== undefined)
      for (const { retry } of definition.steps) Object.assign(retry, { firstDelaySeconds: retryDelaySeconds });
    writeFileSync(join(folder, name), JSON.stringify(definition, null, 2));
  }
}

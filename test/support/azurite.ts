import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../local/ports";
import {
  type LocalStorage,
  type StoragePorts,
  startAzurite as start,
  storageConnectionString,
} from "../../local/stack/azurite";

async function freePorts(): Promise<StoragePorts> {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  return [...ports] as unknown as StoragePorts;
}

/** Starts a real Azurite in memory on free ports, for one test file. */
export async function startAzurite(): Promise<LocalStorage> {
  return start({ ports: await freePorts() });
}

/** A real Azurite in memory for all tests of one file, started before them and stopped after them. */
export function useAzurite(): Pick<LocalStorage, "connectionString"> {
  let running: LocalStorage | undefined;
  beforeAll(async () => {
    running = await startAzurite();
  }, 60_000);
  afterAll(async () => running?.stop());
  return {
    get connectionString(): string {
      if (running === undefined) throw new Error("the storage is there from beforeAll on");
      return running.connectionString;
    },
  };
}

/** An Azurite over a temporary folder that survives restarts. */
export class RestartableAzurite {
  readonly #location = mkdtempSync(join(tmpdir(), "azurite-"));
  #ports: StoragePorts | undefined;
  #running: LocalStorage | undefined;

  get connectionString(): string {
    return storageConnectionString(this.#ports ?? [0, 0, 0]);
  }

  async start(): Promise<void> {
    this.#ports ??= await freePorts();
    this.#running = await start({ location: this.#location, ports: this.#ports });
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#location, { recursive: true, force: true });
  }
}

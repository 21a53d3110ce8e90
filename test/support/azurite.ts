import { freePort } from "../../local/stack/ports";
import { type LocalStorage, startAzurite as start } from "../../local/stack/azurite";

/** Starts a real Azurite in memory on free ports, for one test file. */
export async function startAzurite(): Promise<LocalStorage> {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  const [blob, queue, table] = [...ports] as [number, number, number];
  return start({ ports: [blob, queue, table] });
}

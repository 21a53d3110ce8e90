import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../local/functions-host/spawn";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { eventually } from "./harness";

const ACCOUNT = "devstoreaccount1";
// The emulator's published key; it opens nothing but emulators.
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Azurite with its blob and queue services on free ports, over a temporary folder that survives restarts. */
export class Azurite {
  private readonly dir = mkdtempSync(join(tmpdir(), "azurite-"));
  private child: ChildProcess | undefined;
  private ports: [number, number] | undefined;

  get connectionString(): string {
    const [blob, queue] = this.ports ?? [0, 0];
    const endpoint = (port: number): string => `http://127.0.0.1:${String(port)}/${ACCOUNT}`;
    return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint(blob)};QueueEndpoint=${endpoint(queue)};`;
  }

  async start(): Promise<void> {
    this.ports ??= [await freePort(), await freePort()];
    const script = join(REPO_ROOT, "node_modules", "azurite", "dist", "src", "azurite.js");
    const flags = ["--location", this.dir, "--silent", "--skipApiVersionCheck", "--disableProductStyleUrl"];
    const ports = ["--blobPort", String(this.ports[0]), "--queuePort", String(this.ports[1]), "--tablePort", String(await freePort())];
    this.child = spawn(NODE, [script, ...flags, ...ports], { stdio: "ignore" });
    for (const port of this.ports) await eventually(() => reachable(port), 20_000);
  }

  /** SIGTERM lets Azurite write its state; busy connections would keep it for ever, hence SIGKILL after a while. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 2000);
    await closed;
    clearTimeout(late);
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function reachable(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

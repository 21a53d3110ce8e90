import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { NODE, REPO_ROOT } from "../paths";
import { freePort } from "../ports";

/** Azurite's well-known development account; no secret. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/** Azurite itself would outlive a parent that was killed. */
const END_WITH_PARENT = 'data:text/javascript,process.once("disconnect",()=>process.exit());process.channel.unref()';
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 3_000;

/** Blob, queue and table port. */
export type StoragePorts = readonly [number, number, number];

/** Azurite's own ports where they are free. */
export async function freeStoragePorts(): Promise<StoragePorts> {
  return [await freePort(10000), await freePort(10001), await freePort(10002)];
}

/** Azure Storage on this machine: blobs, queues, tables. */
export interface LocalStorage {
  readonly connectionString: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface LocalStorageOptions {
  /** Folder of the data; without it everything is kept in memory. */
  readonly location?: string;
  readonly ports?: StoragePorts;
  /** With it, it speaks TLS and takes tokens of Entra, whose claims it reads and whose signature it does not check. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** How long it may take to answer, by default a minute: reading its modules from a cold disk is slow. */
  readonly readyTimeoutMs?: number;
}

export function storageConnectionString([blob, queue, table]: StoragePorts, protocol = "http"): string {
  const endpoint = (name: string, port: number) => `${name}Endpoint=${protocol}://127.0.0.1:${port}/${ACCOUNT}`;
  return [
    `DefaultEndpointsProtocol=${protocol}`,
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    endpoint("Blob", blob),
    endpoint("Queue", queue),
    endpoint("Table", table),
  ].join(";");
}

/**
 * Starts Azurite and waits until its three services answer.
 * @throws Error when it ends or does not answer in time; then nothing is left running
 */
export async function startAzurite(options: LocalStorageOptions = {}): Promise<LocalStorage> {
  const ports = options.ports ?? (await freeStoragePorts());
  const [blob, queue, table] = ports;
  const args = [
    join(REPO_ROOT, "node_modules", "azurite", "dist", "src", "azurite.js"),
    "--silent",
    "--skipApiVersionCheck",
    "--disableTelemetry",
  ];
  args.push("--blobPort", String(blob), "--queuePort", String(queue), "--tablePort", String(table));
  if (options.location) {
    mkdirSync(options.location, { recursive: true });
    args.push("--location", options.location);
  } else {
    args.push("--inMemoryPersistence");
  }
  const { certificate } = options;
  if (certificate) args.push("--oauth", "basic", "--cert", certificate.cert, "--key", certificate.key);
  const child = spawn(NODE, ["--import", END_WITH_PARENT, ...args], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const timeout = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const deadline = Date.now() + timeout;
  try {
    for (const port of ports) {
      while (!(await answers(port))) {
        if (child.exitCode !== null) throw new Error(`Azurite ended with code ${child.exitCode}: ${errors}`);
        if (Date.now() >= deadline)
          throw new Error(`Azurite did not answer on port ${port} within ${timeout / 1000} s: ${errors}`);
        await pause(50);
      }
    }
  } catch (error) {
    // Left running, it would keep this process from its end.
    child.kill("SIGKILL");
    await exited;
    throw error;
  }
  // Azurite does not end on SIGTERM while a client keeps a connection busy.
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(killer);
  };
  return {
    connectionString: storageConnectionString(ports, certificate ? "https" : "http"),
    pid: child.pid ?? 0,
    stop,
  };
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket.end() !== undefined));
    socket.once("error", () => resolve(false));
  });
}

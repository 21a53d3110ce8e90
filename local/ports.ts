import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections (32768 and up on Linux), which would take a port between this look and its use. */
const FIRST = 20_000;
const LAST = 32_000;
const MAX_TRIES = 100;

/** A port that is free now; `preferred` when it is. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && preferred !== 0 && (await isFree(preferred))) return preferred;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${MAX_TRIES} ports from ${FIRST} to ${LAST} is free`);
}

/**
 * The port that an option asks for, else the usual one or a free one.
 * @throws Error that names the option, when it is no port or another process has it
 */
export async function portOf(option: string, asked: string | undefined, usual: number): Promise<number> {
  if (asked === undefined) return freePort(usual);
  const port = Number(asked);
  if (!/^\d+$/.test(asked) || port < 1 || port > 65_535)
    throw new Error(`${option}: ${asked} is no port from 1 to 65535`);
  if (!(await isFree(port))) throw new Error(`${option}: another process has port ${asked}, or it may not be taken`);
  return port;
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

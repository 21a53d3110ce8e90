import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "./progress.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets one set-up of a checkout run at a time; takes over the lock of one that died. */
export async function withLock(root, work) {
  const folder = join(root, ".cache");
  const lock = join(folder, "set-up.lock");
  mkdirSync(folder, { recursive: true });
  for (let told = false; ; await pause(500)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (!isAlive(Number(readFileSync(lock, "utf8")))) rmSync(lock, { force: true });
      else if (!told) say("another set-up of this checkout is running; waiting for it");
      told = true;
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** When a process began, in the system's own notation; undefined when no such process runs. Tells a reused id apart. */
export function processStart(pid: number): string | undefined {
  try {
    if (existsSync("/proc/self/stat")) {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command name in parentheses may hold blanks; the fields after it do not.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

/** The processes that the cluster started, kept on disk so that the next server can end those that outlived a killed one. */
export class ProcessRegistry {
  constructor(private readonly database: DatabaseSync) {}

  record(pid: number): void {
    const started = processStart(pid);
    if (started === undefined) return;
    this.database.prepare("INSERT OR REPLACE INTO processes(pid, started) VALUES (?, ?)").run(pid, started);
  }

  /** Kills every recorded process that is still the one recorded, waits for its end, and forgets all records. Returns the killed ids. */
  async killAll(timeoutMs = 15_000): Promise<number[]> {
    const rows = this.database.prepare("SELECT pid, started FROM processes").all();
    const alive = rows
      .map((row) => ({ pid: Number(row["pid"]), started: String(row["started"]) }))
      .filter((item) => processStart(item.pid) === item.started);
    for (const { pid } of alive) kill(pid);
    const deadline = Date.now() + timeoutMs;
    while (alive.some((item) => processStart(item.pid) === item.started)) {
      if (Date.now() > deadline)
        throw new Error(
          `processes ${alive.map((item) => item.pid).join(", ")} did not end within ${timeoutMs} ms of being killed`,
        );
      await sleep(20);
    }
    // Only what was read above: a new controller may have been recorded since.
    const forget = this.database.prepare("DELETE FROM processes WHERE pid = ? AND started = ?");
    for (const row of rows) forget.run(row["pid"] ?? null, row["started"] ?? null);
    return alive.map((item) => item.pid);
  }
}

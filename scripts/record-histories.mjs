#!/usr/bin/env node
/**
 * Keeps the histories of a host's ended orchestrations as fixtures: `node scripts/record-histories.mjs STATE_DIR OUT_DIR`, on Node 24.
 * Made once for each release, from the state that `BATCHKEEPER_KEEP_STATE=DIR` lets the integration tests leave behind.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const [state, out] = process.argv.slice(2);
if (!state || !out) throw new Error("usage: node scripts/record-histories.mjs STATE_DIR OUT_DIR");
mkdirSync(out, { recursive: true });
/** One of each shape is enough: what was called, in its order. */
const seen = new Set();

for (const folder of readdirSync(state)) {
  const database = new DatabaseSync(join(state, folder, "functions-host.sqlite"), { readOnly: true });
  const instances = database
    .prepare("SELECT id, name, execution_id, input, status FROM instances ORDER BY created_at")
    .all();
  const history = database.prepare("SELECT event FROM history WHERE instance_id = ? AND execution_id = ? ORDER BY seq");
  for (const { id, name, execution_id, input, status } of instances) {
    const events = history.all(id, execution_id).map(({ event }) => JSON.parse(event));
    const shape = `${name} ${status} ${events.map(({ EventType, Name }) => `${EventType}${Name ?? ""}`).join(" ")}`;
    if (seen.has(shape) || events.length < 3) continue;
    seen.add(shape);
    const number = String(seen.size).padStart(2, "0");
    const record = { id, name, status, input: input === null ? null : JSON.parse(input), history: events };
    writeFileSync(join(out, `${number}-${name}-${status.toLowerCase()}.json`), `${JSON.stringify(record)}\n`);
  }
  database.close();
}
console.log(`${seen.size} histories in ${out}`);

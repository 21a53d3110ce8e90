import { join } from "node:path";
import { Chance } from "./kernel/chance";
import { seal } from "./kernel/seal";
import { AppCode } from "./world/app-code";
import { planOf } from "./world/plan";
import { play } from "./world/play";
import type { World } from "./world/world";

const app = new AppCode(join(__dirname, "..", "..", "src"));
let world: World | null = null;
const idle = new Chance(0);
seal(() => ({ now: () => world?.kernel.now ?? 0, chance: world?.kernel.entropy ?? idle }));
const runs = Number(process.argv[2] ?? 1), first = Number(process.argv[3] ?? 1), traced = process.argv[4] === "trace";
const t0 = performance.now();
const kinds = new Map<string, number[]>(); let calls = 0, steps = 0; const counts = new Map<string, number>();
for (let seed = first; seed < first + runs; seed += 1) {
  const t = performance.now();
  const played = play(app, planOf(seed), (w) => { world = w; }, traced);
  calls += played.calls; steps += played.steps;
  for (const [k, v] of played.counts) counts.set(k, (counts.get(k) ?? 0) + v);
  for (const v of played.violations) { kinds.set(v.kind, [...(kinds.get(v.kind) ?? []), seed]); if ((kinds.get(v.kind)?.length ?? 0) <= 1) console.log(seed, v.rule, v.kind, v.message.slice(0, 600)); }
  if (traced) console.log(played.trace.text());
  if (process.argv[4] === "each") console.log(seed, played.steps, played.calls, (performance.now() - t).toFixed(1), (played.virtualMs/3600000).toFixed(1));
}
const s = (performance.now() - t0) / 1000;
console.log([...kinds].map(([k, v]) => `${k}: ${v.length} (${v.slice(0, 5).join()})`).join("\n"));
console.log(`${runs} in ${s.toFixed(1)} s, ${(runs / s).toFixed(1)}/s, calls ${calls / runs}, steps ${steps / runs}`);
if (process.argv[4] === "counts") console.log([...counts].sort().map(([k, v]) => `${k}: ${v}`).join("\n"));

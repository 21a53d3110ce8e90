import { quantile, type Measure } from "./bars";
import { STORM } from "./definitions";
import { MANY_VERSIONS } from "./history";
import type { ServiceStack } from "./service-stack";

const MOST_MS = 100;

/** The stories that people ask for at the sizes that the ledger has now; the 95th percentile counts. */
export async function measureStories(stack: ServiceStack, answers: number): Promise<Measure[]> {
  const { value } = await stack.call<{ value: readonly { id: string }[] }>("GET", `api/v1/runs?pipeline=${STORM}`);
  const subjects = { run: value[0]?.id ?? "", drop: "history/000100.csv", "drop of many versions": MANY_VERSIONS };
  const measures: Measure[] = [];
  for (const [name, subject] of Object.entries(subjects)) {
    const address = `api/v1/why?of=${encodeURIComponent(subject)}`;
    const { sentences } = await stack.call<{ sentences: readonly unknown[] }>("GET", address);
    if (sentences.length === 0) throw new Error(`${subject} has no story`);
    stack.resetCounts();
    const measured: number[] = [];
    for (let index = 0; index < answers; index += 1) {
      const started = performance.now();
      await stack.call("GET", address);
      measured.push(performance.now() - started);
    }
    const calls = (stack.counts().calls / answers).toFixed(1);
    const detail = `median ${quantile(measured, 0.5).toFixed(0)} ms; ${calls} storage calls, ${sentences.length} sentences`;
    measures.push({ name: `story: ${name}`, value: quantile(measured, 0.95), unit: "ms", most: MOST_MS, detail });
  }
  return measures;
}

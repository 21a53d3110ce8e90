import { Chance } from "../kernel/chance";
import { textOf } from "./ledger-view";
import type { CallApp } from "./operators";
import type { World } from "./world";

/** The verbs that people use on drops. */
export const DATA_VERBS = ["requeue", "release", "discard", "route", "routeBack"] as const;

/** One use of a verb; `nth` chooses the drop. */
export interface DataVerbItem {
  readonly after: number;
  readonly kind: "dataVerb";
  readonly verb: (typeof DATA_VERBS)[number];
  readonly nth: number;
}

/** Uses of these verbs in a schedule. They have chance of their own, so that what else a seed decides stays as it was. */
export function dataVerbItems(seed: number, lengthMs: number): DataVerbItem[] {
  const chance = new Chance(seed, "data verbs");
  if (chance.happens(0.6)) return [];
  const uses = chance.whole(1, 4);
  return Array.from({ length: uses }, () => ({
    after: Math.floor(chance.next() * lengthMs),
    kind: "dataVerb",
    verb: chance.pick(DATA_VERBS),
    nth: chance.whole(0, 5),
  }));
}

const [PIPELINE, RENAMED] = ["scoring", "nightly-scoring"];
const reason = "the source's people said so";

/** People who look after the data: they put drops back, let items out of quarantine or keep them there, and route orphans. */
export class Curators {
  constructor(
    private readonly world: World,
    private readonly call: CallApp,
  ) {}

  async act({ verb, nth }: DataVerbItem): Promise<void> {
    switch (verb) {
      case "requeue": {
        const rows = [...this.world.watch.view.drops.values()].filter((row) => textOf(row, "state") === "quarantined");
        const row = rows[nth % Math.max(1, rows.length)];
        if (row) await this.onDrops("requeueDrop", textOf(row, "pipeline"), { path: textOf(row, "path"), reason });
        return;
      }
      case "route":
        await this.onDrops("routeDrops", PIPELINE, { to: RENAMED, reason });
        return;
      case "routeBack":
        await this.onDrops("routeDrops", RENAMED, { to: PIPELINE, reason });
        return;
      case "release":
      case "discard":
        await this.decide(verb, nth);
    }
  }

  private async onDrops(name: "requeueDrop" | "routeDrops", pipeline: string, body: unknown): Promise<void> {
    const path = `/v1/pipelines/${pipeline}/drops/${name === "routeDrops" ? "route" : "requeue"}`;
    await this.call(name, "POST", path, { pipeline }, body);
  }

  private async decide(verb: "release" | "discard", nth: number): Promise<void> {
    const listed = await this.call("listQuarantine", "GET", `/v1/pipelines/${PIPELINE}/quarantine`, {
      pipeline: PIPELINE,
    });
    if (listed?.status !== 200) return;
    const { value } = JSON.parse(listed.body) as { value: { id: string }[] };
    const item = value[nth % Math.max(1, value.length)];
    if (!item) return;
    const name = verb === "release" ? "releaseQuarantine" : "discardQuarantine";
    await this.call(name, "POST", `/v1/quarantine/${item.id}/${verb}`, { id: item.id }, { why: reason });
  }
}

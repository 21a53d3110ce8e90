import type { DropRecord } from "../domain/drop";
import { decideDelivery, deliveryOf, markerPath, type Delivery, type DeliveryDecision } from "../domain/delivery";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import type { Ledger } from "../ledger/ledger";

/** What the completeness rules of a pipeline say of drops at this moment; each delivery is judged once. */
export class DeliveryJudge {
  private readonly judged = new Map<string, Promise<DeliveryDecision>>();

  constructor(
    private readonly ledger: Ledger,
    private readonly definition: PipelineDefinition,
  ) {}

  /** True when no source of the pipeline has a rule. */
  get isIdle(): boolean {
    return Object.keys(this.definition.drops?.deliveries ?? {}).length === 0;
  }

  async judge(drop: Pick<DropRecord, "path" | "source">): Promise<DeliveryDecision> {
    const delivery = deliveryOf(this.definition, drop.path, drop.source);
    if (delivery === null) return { kind: "whole" };
    const name = `${delivery.source}/${delivery.key}`;
    const decision = this.judged.get(name) ?? this.decide(delivery);
    this.judged.set(name, decision);
    return decision;
  }

  /** Sentences about the deliveries that were given up, of those that were judged. */
  async notes(): Promise<string[]> {
    const decisions = await Promise.all([...this.judged].map(async ([name, one]) => [name, await one] as const));
    return decisions.flatMap(([name, decision]) =>
      decision.kind === "givenUp" ? [`delivery ${name} was taken incomplete: ${decision.missing}`] : [],
    );
  }

  /** When the first of the deliveries that are waited for is given up; null when none is waited for. */
  async nextLimit(): Promise<Date | null> {
    const decisions = await Promise.all(this.judged.values());
    const limits = decisions.flatMap((one) => (one.kind === "waited" ? [Date.parse(one.until)] : []));
    return limits.length === 0 ? null : new Date(Math.min(...limits));
  }

  private async decide(delivery: Delivery): Promise<DeliveryDecision> {
    const { ledger, definition } = this;
    const rule = definition.drops?.deliveries?.[delivery.source];
    if (rule === undefined || definition.drops === undefined) return { kind: "whole" };
    const seen = await ledger.deliveries.arrived(definition.name, delivery);
    const marker = rule.marker === undefined ? null : markerPath(rule.marker, delivery);
    const marked = marker !== null && (await ledger.blobs.head(definition.drops.container, marker)) !== null;
    return decideDelivery(rule, { ...seen, marked }, ledger.now());
  }
}

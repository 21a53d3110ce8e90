import type { DropRecord } from "../domain/drop";
import {
  decideDelivery,
  deliveryOf,
  markerPath,
  missingOf,
  type Delivery,
  type DeliveryDecision,
  type DeliveryRule,
} from "../domain/delivery";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import type { Ledger } from "../ledger/ledger";

/** A delivery as it was decided, and its files, among them those that were judged since. */
interface Judged {
  readonly rule: DeliveryRule;
  readonly decision: DeliveryDecision;
  readonly paths: Set<string>;
  readonly marked: boolean;
  readonly firstSeenAt: string;
}

/** What the completeness rules of a pipeline say of drops at this moment; each delivery is judged once. */
export class DeliveryJudge {
  private readonly judged = new Map<string, Promise<Judged>>();

  constructor(
    private readonly ledger: Ledger,
    private readonly definition: PipelineDefinition,
  ) {}

  /** True when no source of the pipeline has a rule. */
  get isIdle(): boolean {
    return Object.keys(this.definition.drops?.deliveries ?? {}).length === 0;
  }

  /**
   * Notes the drop as part of its delivery if nobody did: one that was quarantined, of another pipeline, or older than the rule was not
   * noted when it was recorded.
   */
  async judge(drop: Pick<DropRecord, "path" | "source" | "seenAt">): Promise<DeliveryDecision> {
    const delivery = deliveryOf(this.definition, drop.path, drop.source);
    const rule = delivery === null ? undefined : this.definition.drops?.deliveries?.[delivery.source];
    if (delivery === null || rule === undefined) return { kind: "whole" };
    const name = `${delivery.source}/${delivery.key}`;
    const judging = this.judged.get(name) ?? this.decide(rule, delivery, drop);
    this.judged.set(name, judging);
    const { decision, paths } = await judging;
    if (!paths.has(drop.path)) await this.note(delivery, drop, paths);
    return decision;
  }

  /** Sentences about the deliveries that were given up, of those that were judged. */
  async notes(): Promise<string[]> {
    const all = await Promise.all([...this.judged].map(async ([name, one]) => ({ name, ...(await one) })));
    return all.flatMap(({ name, rule, decision, ...arrived }) => {
      // Of a delivery that was given up, files may have been noted since.
      const missing = decision.kind === "givenUp" ? missingOf(rule, { ...arrived, paths: [...arrived.paths] }) : null;
      return missing === null ? [] : [`delivery ${name} was taken incomplete: ${missing}`];
    });
  }

  /** When the first of the deliveries that are waited for is given up; null when none is waited for. */
  async nextLimit(): Promise<Date | null> {
    const all = await Promise.all(this.judged.values());
    const limits = all.flatMap(({ decision }) => (decision.kind === "waited" ? [Date.parse(decision.until)] : []));
    return limits.length === 0 ? null : new Date(Math.min(...limits));
  }

  private async decide(
    rule: DeliveryRule,
    delivery: Delivery,
    drop: Pick<DropRecord, "path" | "seenAt">,
  ): Promise<Judged> {
    const { ledger, definition } = this;
    const container = definition.drops?.container ?? "";
    const stored = await ledger.deliveries.arrived(definition.name, delivery);
    const paths = new Set(stored.paths);
    if (!paths.has(drop.path)) await this.note(delivery, drop, paths);
    const firstSeenAt = stored.firstSeenAt < drop.seenAt ? stored.firstSeenAt : drop.seenAt;
    const marker = rule.marker === undefined ? null : markerPath(rule.marker, delivery);
    const marked = marker !== null && (await ledger.blobs.head(container, marker)) !== null;
    const decision = decideDelivery(rule, { paths: [...paths], firstSeenAt, marked }, ledger.now());
    return { rule, decision, paths, marked, firstSeenAt };
  }

  private async note(
    delivery: Delivery,
    { path, seenAt }: Pick<DropRecord, "path" | "seenAt">,
    paths: Set<string>,
  ): Promise<void> {
    paths.add(path);
    await this.ledger.deliveries.note(this.definition.name, delivery, path, seenAt);
  }
}

import type { Page } from "../../domain/page";
import { listDrops } from "../../ledger/drops/drop-lists";
import { UnknownPipelineError } from "../../ledger/errors";
import type { SetAsideState } from "../../ledger/quarantine-store";
import { itemOfDrop, itemOfSetAside, type QuarantineItem } from "./item";
import type { QuarantineDeps } from "./deliver";

/** Filter and page of `listQuarantine`. */
export interface QuarantineFilter {
  readonly pipeline: string;
  /** Default: what nobody has decided yet. */
  readonly state?: SetAsideState;
  readonly top?: number;
  readonly token?: string;
}

const DEFAULT_TOP = 50;
/** Tokens of the second part of the list, the drops. */
const DROPS = "drops|";

/** What is in quarantine of a pipeline: first what ingestion set aside, newest run first, then drops by time seen. */
export async function listQuarantine(deps: QuarantineDeps, filter: QuarantineFilter): Promise<Page<QuarantineItem>> {
  const { ledger, definitions } = deps;
  const { pipeline, state = "open", top = DEFAULT_TOP, token } = filter;
  if (!definitions.has(pipeline) && !(await ledger.registry.pipelines()).includes(pipeline))
    throw new UnknownPipelineError(pipeline, [...definitions.keys()]);
  const items: QuarantineItem[] = [];
  if (token?.startsWith(DROPS) !== true) {
    const page = await ledger.quarantine.list(pipeline, state, top, token);
    items.push(...page.items.map(itemOfSetAside));
    if (page.nextToken !== null) return { items, nextToken: page.nextToken };
  }
  const rest = top - items.length;
  if (rest === 0) return { items, nextToken: DROPS };
  const from = token?.startsWith(DROPS) === true && token !== DROPS ? { token: token.slice(DROPS.length) } : {};
  const query = { pipeline, state: "quarantined", top: rest, ...from } as const;
  const page = await listDrops(ledger.drops, definitions.get(pipeline) ?? null, query);
  const wanted = page.items.filter(({ decision }) => (decision === undefined) === (state === "open"));
  items.push(...wanted.map(itemOfDrop));
  return { items, nextToken: page.nextToken === null ? null : `${DROPS}${page.nextToken}` };
}

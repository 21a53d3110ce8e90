import type { RoutedDrops } from "../ledger/drops/route-orphans";
import type { OperationDeps, Operator } from "./deps";

/**
 * Gives the pending drops of a pipeline whose definition is gone to one that takes them.
 * @throws InvalidRequestError when `from` is still defined, UnknownPipelineError when `to` is not
 */
export async function routeOrphansTo(
  { activities: { ledger, requests }, definitions }: OperationDeps,
  from: string,
  to: string,
  { by, reason, starter }: Operator,
): Promise<RoutedDrops> {
  // What is refused is no deed.
  if (definitions.has(to) && !definitions.has(from))
    await ledger.actions.note({ action: "route", subject: from, by, reason, about: `to ${to}` });
  return requests.routeDrops(from, to, starter);
}

import type { Logger } from "../logging/logger";
import { faultText } from "../runs/databricks-call";

/** Thrown at the end of a sweep of which some items failed; the others were done. */
export class SweepError extends Error {
  override readonly name = "SweepError";

  constructor(
    readonly failed: number,
    readonly items: number,
    errors: readonly unknown[],
  ) {
    super(`${failed} of ${items} items failed: ${faultText(errors[0])}`, { cause: new AggregateError(errors) });
  }
}

/**
 * Does the work for every item, so that one that fails keeps none of the others waiting. Each fault is logged with the item.
 * @throws SweepError at the end, when any failed
 */
export async function forEachItem<T>(
  log: Logger,
  items: Iterable<T>,
  describe: (item: T) => Readonly<Record<string, unknown>>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  let count = 0;
  for (const item of items) {
    count += 1;
    try {
      await work(item);
    } catch (error) {
      log.error("swept item failed", { ...describe(item), fault: faultText(error) });
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new SweepError(errors.length, count, errors);
}

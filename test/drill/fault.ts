import type { Sent } from "./doors";
import type { DoorName, Site } from "./site";

/** What somebody who mends knows: the pipeline, and what the actions before showed. */
export interface Known {
  readonly pipeline: string;
  /** Of each action so far, the first one first. */
  readonly shown: readonly string[];
  /** Names that the cause gave to things which a person knows, such as the path of a file. */
  readonly path: string;
}

/** One call of a command or a tool. */
export interface Act {
  readonly operation: string;
  readonly sends: (known: Known) => Sent;
  /** What has to be seen in its answer: of the first action the fault and its remedy. */
  readonly shows?: RegExp;
  /** What the action before leads to in a moment, and this one needs. */
  readonly after?: (site: Site, door: DoorName) => Promise<unknown>;
}

/** A fault of the drill. */
export interface DrillFault {
  /** What went wrong, as the page tells it. */
  readonly fault: string;
  /** Causes it for one door; what it returns is known to whoever mends. */
  readonly cause: (site: Site, door: DoorName) => Promise<{ readonly path?: string } | void>;
  /** What completes it for both doors, such as a deployment. */
  readonly onset?: (site: Site) => Promise<void>;
  /** What is mended elsewhere after the first action, once for both doors; null where nothing is. */
  readonly elsewhere?: { readonly what: string; readonly mend: (site: Site) => Promise<void> | void };
  /** At most three, the first one finds. */
  readonly acts: readonly Act[];
  /** Resolves when it is mended. */
  readonly healed: (site: Site, door: DoorName, known: Known) => Promise<unknown>;
}

export const reason = "drill";

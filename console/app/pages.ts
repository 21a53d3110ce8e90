import type { FunctionComponent } from "preact";
import { has } from "../api/client";

/** What a page is given: the rest of its path, decoded. */
export interface PageProps {
  readonly rest: readonly string[];
}

/** A page of the console. Its code is loaded when it is first seen. */
export interface Page {
  readonly path: string;
  readonly name: string;
  /** The letter after `g`. */
  readonly key: string;
  /** The operation without which there is nothing to show. */
  readonly needs: string;
  readonly load: () => Promise<{ readonly default: FunctionComponent<PageProps> }>;
}

const ALL: readonly Page[] = [
  { path: "", name: "Overview", key: "o", needs: "getOverview", load: async () => import("../pages/overview") },
  { path: "runs", name: "Runs", key: "r", needs: "listRuns", load: async () => import("../pages/runs") },
  { path: "drops", name: "Drops", key: "d", needs: "listDrops", load: async () => import("../pages/drops") },
  {
    path: "quarantine",
    name: "Quarantine",
    key: "q",
    needs: "listQuarantine",
    load: async () => import("../pages/quarantine"),
  },
  { path: "risk", name: "Risk", key: "k", needs: "getRunDocument", load: async () => import("../pages/risk") },
  { path: "models", name: "Models", key: "m", needs: "getRunDocument", load: async () => import("../pages/models") },
  {
    path: "backfill",
    name: "Backfill",
    key: "b",
    needs: "planBackfill",
    load: async () => import("../pages/backfill"),
  },
  { path: "health", name: "Health", key: "h", needs: "health", load: async () => import("../pages/health") },
];

/** The pages that this version of the app has data for. */
export const PAGES = ALL.filter(({ needs }) => has(needs));

import type { RunSummary } from "../../api/types";

/** What asks for runs, in words. */
export const ASKED: Readonly<Record<RunSummary["reason"], string>> = {
  schedule: "by schedule",
  drops: "by drops",
  http: "by a person",
  retry: "by a retry",
  backfill: "by a backfill",
};

export const askedBy = ({ reason }: Pick<RunSummary, "reason">): string => ASKED[reason];

import type { RunSummary } from "../../api/types";

const ASKED: Readonly<Record<string, string>> = {
  schedule: "by schedule",
  drops: "by drops",
  http: "by a person",
  retry: "by a retry",
};

export const askedBy = ({ reason }: Pick<RunSummary, "reason">): string => ASKED[reason] ?? `by ${reason}`;

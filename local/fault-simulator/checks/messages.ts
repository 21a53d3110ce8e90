import { isClosedRun, textOf } from "../world/ledger-view";
import type { World } from "../world/world";

/** R7: the end of every run was told, and every schedule occurrence was asked for. */
export function checkMessages({ kernel, receiver, watch, blobs }: World): void {
  const ends = receiver.messages.filter((message) => message["kind"] === "runEnded");
  const told = new Set(ends.map((message) => `${String(message["runId"])} ${String(message["attempt"])}`));
  for (const row of watch.view.runs.values()) {
    if (!isClosedRun(row)) continue;
    const runId = textOf(row, "runId");
    if (!told.has(`${runId} ${textOf(row, "attempt")}`))
      kernel.violate(
        "R7",
        "end-not-told",
        `attempt ${textOf(row, "attempt")} of ${runId} ended (${textOf(row, "state")}) and nobody was told`,
      );
    if (blobs.get("results", `${runId}/run.json`) === null)
      kernel.violate("R7", "no-run-record", `${runId} ended and has no run.json`);
  }
}

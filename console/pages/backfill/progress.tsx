import type { Backfill } from "../../api/types";
import { href } from "../../app/router";
import { Deed } from "../../ui/deeds";
import { StatePill } from "../../ui/pill";
import { Empty } from "../../ui/states";
import { Time } from "../../ui/time";
import { count } from "../../ui/words";

const ENDED = ["done", "stopped", "cancelled"];

/** Backfills that were started, newest first. */
export function Progress({ backfills }: { backfills: readonly Backfill[] }) {
  return (
    <section class="card">
      <h2>Backfills, newest first</h2>
      {backfills.length === 0 ? (
        <Empty title="None was started">A range is scored again window by window, each a run of its own.</Empty>
      ) : (
        <ul class="needs">
          {backfills.map((backfill) => (
            <One key={backfill.id} backfill={backfill} />
          ))}
        </ul>
      )}
    </section>
  );
}

function One({ backfill }: { backfill: Backfill }) {
  const { id, state, from, to, windows, done, failed, runId, reason, createdAt } = backfill;
  return (
    <li class="need">
      <StatePill state={state} />
      <div>
        <Time at={from} /> to <Time at={to} />
        <progress
          value={done + failed}
          max={Math.max(1, windows)}
          aria-label={`${done + failed} of ${windows} windows`}
        />
        <small>
          {`${done} of ${count(windows, "window")} done`}
          {failed > 0 && `, ${failed} failed`} · <Time at={createdAt} />: {reason}
          {runId && (
            <>
              {" "}
              · <a href={href(`runs/${runId}`)}>the run at work</a>
            </>
          )}
        </small>
      </div>
      {ENDED.includes(state) ? (
        <span />
      ) : (
        <Deed
          operation="cancelBackfill"
          input={{ path: { backfillId: id } }}
          label="Stop"
          why
          done="No further window runs"
          ask={{ title: "Run no further window?", text: "The run at work goes on; cancel it by itself." }}
        />
      )}
    </li>
  );
}

import { useState } from "preact/hooks";
import type { Backfill, BackfillPlan } from "../../api/types";
import { doIt, reasonOf } from "../../ui/deeds";
import { Empty } from "../../ui/states";
import { count } from "../../ui/words";
import { Calendar, standing } from "./calendar";
import { timesOf, type Asked } from ".";

interface Props {
  readonly plan: BackfillPlan;
  readonly asked: Asked;
  readonly mayStart: boolean;
  readonly started: () => void;
}

/** Every window of the range: whether it would run, what exists, and why. The start takes the plan's hash, so that exactly this is done. */
export function PlanCard({ plan, asked, mayStart, started }: Props) {
  const [busy, setBusy] = useState(false);
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const { pipeline, windowHours, reprocess } = asked;
    const body = {
      ...timesOf(asked),
      windowHours: Number(windowHours),
      reprocess,
      hash: plan.hash,
      reason: reasonOf(event),
    };
    const done = await doIt<Backfill>("startBackfill", { path: { pipeline }, body }, "The backfill is under way");
    setBusy(false);
    if (done) started();
  };
  if (plan.windows.length === 0) return <Empty title="No window">The range is empty.</Empty>;
  return (
    <section class="card">
      <h2>
        {plan.count === 0
          ? "Nothing would run"
          : `${count(plan.count, "window")} would run, one at a time, behind other requests`}
      </h2>
      <p class="soft">{standing(plan.windows)}</p>
      <Calendar windows={plan.windows} isByDay={asked.windowHours === "24"} />
      {mayStart && plan.count > 0 && (
        <form class="filters" onSubmit={(event) => void start(event)}>
          <label class="field wide">
            Why
            <input name="reason" required maxLength={500} placeholder="kept with your name and the time" />
          </label>
          <button class="btn primary" disabled={busy}>
            Start {count(plan.count, "window")}
          </button>
        </form>
      )}
      <p class="small soft">
        Plan <code>{plan.hash.slice(0, 12)}</code>: refused when anything of it has changed until you start it.
      </p>
    </section>
  );
}

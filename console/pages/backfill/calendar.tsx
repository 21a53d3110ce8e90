import type { BackfillPlan } from "../../api/types";
import { href } from "../../app/router";
import { StatePill } from "../../ui/pill";
import { timeText } from "../../ui/time";
import { count } from "../../ui/words";

type Window = BackfillPlan["windows"][number];

const WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DONE = ["succeeded", "nothing_to_do"];

/** How many windows were scored, failed, are on their way, or have no run of their own. */
export function standing(windows: readonly Window[]): string {
  const states = windows.map(({ run }) => run?.state ?? null);
  const scored = states.filter((state) => state !== null && DONE.includes(state)).length;
  const failed = states.filter((state) => state === "failed").length;
  const missing = states.filter((state) => state === null).length;
  const others = windows.length - scored - failed - missing;
  const rest = others > 0 ? `, ${others} in another state` : "";
  return `Of ${count(windows.length, "window")}: ${scored} scored, ${failed} failed, ${missing} without a run${rest}`;
}

/** Windows in their order; windows of a day stand below their day of the week. */
export function Calendar({ windows, isByDay }: { windows: readonly Window[]; isByDay: boolean }) {
  const first = new Date(windows[0]?.start ?? 0).getUTCDay();
  const column = isByDay ? `${((first + 6) % 7) + 1}` : undefined;
  return (
    <>
      {isByDay && (
        <div class="days week small soft" aria-hidden="true">
          {WEEK.map((day) => (
            <span key={day}>{day}</span>
          ))}
        </div>
      )}
      <ol class={isByDay ? "days week" : "days"} aria-label="Windows">
        {windows.map((window, index) => (
          <Day key={window.start} window={window} column={index === 0 ? column : undefined} />
        ))}
      </ol>
    </>
  );
}

function Day({ window: { start, action, why, run }, column }: { window: Window; column: string | undefined }) {
  return (
    <li
      class={action === "run" ? "day runs" : "day"}
      title={why}
      style={column === undefined ? {} : { "--column": column }}
    >
      <b>{timeText(start)}</b>
      <span>{action === "run" ? "● would run" : "○ left alone"}</span>
      {run ? (
        <a href={href(`runs/${run.runId}`)}>
          <StatePill state={run.state} />
        </a>
      ) : (
        <span class="soft small">no run yet</span>
      )}
    </li>
  );
}

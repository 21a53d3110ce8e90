import { useEffect, useState } from "preact/hooks";
import { addressOf, ApiProblem, may, read } from "../../api/client";
import type { ActionAnswers, ActionPlan } from "../../api/types";
import { href } from "../../app/router";
import { Dialog, doIt, reasonOf } from "../../ui/deeds";
import { Skeleton } from "../../ui/states";
import { count } from "../../ui/words";
import type { Selection } from "./filters";

const ACTIONS = ["retry", "cancel"] as const;
type Action = (typeof ACTIONS)[number];
type OfPipeline = Selection & { readonly pipeline: string };
const SHOWN = 8;

/** Retry or cancel of all runs that the filters select: how many and which comes first, and exactly these are changed. */
export function Bulk({ selection }: { selection: OfPipeline }) {
  const [action, setAction] = useState<Action | null>(null);
  if (!may("applyRunAction")) return null;
  return (
    <>
      {ACTIONS.map((name) => (
        <button key={name} type="button" class="btn" onClick={() => setAction(name)}>
          {name === "retry" ? "Retry all of these…" : "Cancel all of these…"}
        </button>
      ))}
      {action && <Plan action={action} selection={selection} close={() => setAction(null)} />}
    </>
  );
}

function Plan({ action, selection, close }: { action: Action; selection: OfPipeline; close: () => void }) {
  const [plan, setPlan] = useState<ActionPlan | string | null>(null);
  const address = addressOf("planRunAction", { path: { action }, query: { ...selection } });
  useEffect(() => {
    void read<ActionPlan>(address, null)
      .then((answer) => answer.changed && setPlan(answer.data))
      .catch((error: unknown) => setPlan(error instanceof ApiProblem ? error.message : String(error)));
  }, [address]);
  const apply = async (event: SubmitEvent, hash: string) => {
    event.preventDefault();
    const body = { ...selection, hash, reason: reasonOf(event) };
    const told = ({ done, failed }: ActionAnswers) =>
      `${count(done, "run")} done${failed ? `, ${failed} could not` : ""}`;
    await doIt<ActionAnswers>("applyRunAction", { path: { action }, body }, told);
    close();
  };
  return (
    <Dialog title={action === "retry" ? "Retry these runs?" : "Cancel these runs?"} close={close}>
      {plan === null ? (
        <Skeleton />
      ) : typeof plan === "string" ? (
        <p role="alert">{plan}</p>
      ) : (
        <form onSubmit={(event) => void apply(event, plan.hash)}>
          <p>
            <b>{count(plan.count, "run")}</b> of {selection.pipeline}
            {plan.excluded > 0 && (
              <span class="soft">; {plan.excluded} more are in a state that does not allow it</span>
            )}
          </p>
          <ul>
            {plan.runs.slice(0, SHOWN).map(({ runId, state }) => (
              <li key={runId}>
                <a href={href(`runs/${runId}`)} class="mono">
                  {runId}
                </a>{" "}
                <span class="soft">{state.replaceAll("_", " ")}</span>
              </li>
            ))}
            {plan.runs.length > SHOWN && <li class="soft">and {plan.runs.length - SHOWN} more</li>}
          </ul>
          {plan.count > 0 && (
            <label class="field">
              Why
              <input name="reason" required maxLength={500} placeholder="kept with your name and the time" />
            </label>
          )}
          <div class="actions">
            <button type="button" class="btn" onClick={close}>
              Leave it
            </button>
            {plan.count > 0 && (
              <button class="btn primary">{`${action === "retry" ? "Retry" : "Cancel"} ${count(plan.count, "run")}`}</button>
            )}
          </div>
        </form>
      )}
    </Dialog>
  );
}

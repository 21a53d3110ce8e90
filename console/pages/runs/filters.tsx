import { useResource } from "../../api/resource";
import { addressOf } from "../../api/client";
import type { PipelinePage, RunSummary } from "../../api/types";
import { place, setQuery } from "../../app/router";
import { Bulk } from "./bulk";
import { ASKED } from "./words";

const STATES = ["requested", "queued", "running", "succeeded", "failed", "cancelled", "not_ready", "nothing_to_do"];
const REASONS = Object.keys(ASKED) as readonly RunSummary["reason"][];
const DAY_MS = 86_400_000;

/** Which runs are shown, by the names that the API has for it. Days are those of UTC. */
export interface Selection {
  readonly pipeline?: string | undefined;
  readonly state?: string | undefined;
  readonly trigger?: string | undefined;
  readonly createdFrom?: string | undefined;
  readonly createdBefore?: string | undefined;
}

const NONE = { pipeline: null, state: null, trigger: null, from: null, to: null };

/** The start of a day of the address, or of the one after it; undefined for what is no day. */
function startOf(day: string | null, daysOn = 0): string | undefined {
  const at = Date.parse(`${day ?? ""}T00:00:00Z`);
  return Number.isNaN(at) ? undefined : new Date(at + daysOn * DAY_MS).toISOString();
}

/** The selection that stands in the address. */
export function selected(query: URLSearchParams): Selection {
  const [pipeline, state, trigger] = ["pipeline", "state", "trigger"].map((name) => query.get(name) ?? undefined);
  return {
    ...{ pipeline, state, trigger },
    createdFrom: startOf(query.get("from")),
    createdBefore: startOf(query.get("to"), 1),
  };
}

/** Filters of the list of runs, and what can be done with all that they select. */
export function Filters({ selection }: { selection: Selection }) {
  const { query } = place.value;
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  const names = pipelines.data?.value.map(({ name }) => [name, name] as const) ?? [];
  const { pipeline, state, trigger, createdFrom, createdBefore } = selection;
  const isFiltered = [pipeline, state, trigger, createdFrom, createdBefore].some((value) => value !== undefined);
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <Choice label="Pipeline" name="pipeline" value={pipeline} options={names} />
      <Choice
        label="State"
        name="state"
        value={state}
        options={STATES.map((name) => [name, name.replaceAll("_", " ")])}
      />
      <Choice
        label="Asked for"
        name="trigger"
        value={trigger}
        options={REASONS.map((name) => [name, ASKED[name] ?? name])}
      />
      <Day label="From, UTC" name="from" value={query.get("from")} />
      <Day label="To" name="to" value={query.get("to")} />
      {isFiltered && (
        <button type="button" class="btn" onClick={() => setQuery(NONE, "push")}>
          Show all
        </button>
      )}
      {pipeline && <Bulk selection={{ ...selection, pipeline }} />}
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [value: string, text: string])[];
}

function Choice({ label, name, value, options }: ChoiceProps) {
  return (
    <label class="field">
      {label}
      <select value={value ?? ""} onChange={(event) => setQuery({ [name]: event.currentTarget.value || null }, "push")}>
        <option value="">all</option>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

const Day = ({ label, name, value }: { label: string; name: string; value: string | null }) => (
  <label class="field">
    {label}
    <input
      type="date"
      value={startOf(value) === undefined ? "" : (value ?? "")}
      onChange={(event) => setQuery({ [name]: event.currentTarget.value || null }, "push")}
    />
  </label>
);

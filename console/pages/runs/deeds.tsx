import type { Run } from "../../api/types";
import { Deed } from "../../ui/deeds";

const OPEN = ["requested", "queued", "running"];

/** What can be done with a run as it stands; the most likely comes last, where the eye ends. */
export function Deeds({ run }: { run: Run }) {
  const path = { runId: run.id };
  return OPEN.includes(run.state) ? <OpenDeeds run={run} path={path} /> : <EndedDeeds run={run} path={path} />;
}

interface Props {
  readonly run: Run;
  readonly path: { readonly runId: string };
}

function OpenDeeds({ run, path }: Props) {
  const isUnproven = run.steps.some(({ generations }) => generations.some(({ needsPerson }) => needsPerson !== null));
  return (
    <>
      <Deed
        operation="hurryRun"
        input={{ path }}
        label="Hurry"
        why
        done="The run was woken"
        ask={{
          title: "Wake this run?",
          text: "It looks again at once, and waits on where what it waits for is not there yet.",
        }}
      />
      {run.cancelRequestedAt !== null && (
        <Deed
          operation="abandonRun"
          input={{ path }}
          label="Abandon"
          why
          done="The run is closed"
          ask={{
            title: "Abandon this run?",
            text: "It is closed as failed and hands its slot on. Refused while Databricks lists one of its runs as active. Its batch is kept.",
            danger: true,
          }}
        />
      )}
      {run.cancelRequestedAt === null && (
        <Deed
          operation="cancelRun"
          input={{ path }}
          label="Cancel"
          why="optional"
          done="The cancellation is noted; the run ends soon"
          ask={{
            title: "Cancel this run?",
            text: "Its Databricks run is cancelled and awaited. The batch is kept: a retry goes on with the same bytes.",
            danger: true,
          }}
        />
      )}
      {isUnproven && <Settle path={path} primary />}
    </>
  );
}

/** Says that a Databricks run has ended which nobody can ask any more. */
export function Settle({ path, primary = false }: { path: Props["path"]; primary?: boolean }) {
  return (
    <Deed
      operation="settleDatabricksRuns"
      input={{ path }}
      label="Settle"
      why
      primary={primary}
      done="Settled: the run goes on from there"
      ask={{
        title: "Have its Databricks runs ended?",
        text: "Look in the workspace first. The step then counts as failed, and the slot is handed on. Refused while Databricks lists one as active.",
      }}
    />
  );
}

function EndedDeeds({ run, path }: Props) {
  const unfinished = run.steps.find(({ state }) => state !== "succeeded")?.name ?? "its first step";
  return (
    <>
      <Deed
        operation="rerunRun"
        input={{ path }}
        label="Run again"
        why
        done="A new run is asked for"
        ask={{
          title: "Run the same again?",
          text: "A new run with this window and these parameters. Scoring what has not changed writes nothing.",
        }}
      />
      {run.retryFault === null && (
        <Deed
          operation="retryRun"
          input={{ path }}
          label={`Retry from ${unfinished}`}
          done="The next attempt is open"
          primary
        />
      )}
    </>
  );
}

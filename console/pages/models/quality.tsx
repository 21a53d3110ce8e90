import { href } from "../../app/router";
import { Empty } from "../../ui/states";
import { Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { number, percent } from "../../ui/words";
import { PrecisionRecall, Reliability } from "./curves";
import { SERIOUS_PSI, type Drift, type Evaluation, type Monitoring } from "./documents";

const ALL = "all";
const DRIFT_SHOWN = 12;

/** What was predicted beside what then failed, over the window of a monitoring run. */
export function Quality({ found, runId }: { found: Monitoring; runId: string }) {
  const whole = found.evaluations.filter(({ component, target }) => (component ?? target) === ALL);
  return (
    <>
      <p class="soft">
        What was predicted from <Time at={found.windowStart} form="day" /> to <Time at={found.windowEnd} form="day" />,
        beside what then failed · <a href={href(`runs/${runId}`)}>the run that compared</a>
      </p>
      <div class="stack">
        <section class="card">
          <h2>F1 by horizon, beside the rule of error codes</h2>
          {whole.length === 0 ? (
            <Empty title="Nothing to compare">No prediction of the window has its outcome yet.</Empty>
          ) : (
            <Horizons rows={whole} />
          )}
        </section>
        <section class="card">
          <h2>Features that moved most since the training</h2>
          <Drifted drift={found.drift} />
        </section>
      </div>
      <div class="grid c2">
        <section class="card">
          <h2>Is a chance of 30 % really 30 %?</h2>
          <Reliability calibration={found.calibration} />
        </section>
        <section class="card">
          <h2>How many are found, and how many alarms are right?</h2>
          <PrecisionRecall calibration={found.calibration} />
        </section>
      </div>
    </>
  );
}

function Horizons({ rows }: { rows: readonly Evaluation[] }) {
  return (
    <Table
      label="F1 by horizon"
      heads={["Version", "Within", "F1", { figure: "Model" }, { figure: "Rule" }, { figure: "Failures" }]}
    >
      {rows.map(({ model_version: version, horizon_h: hours, f1, rule_f1: rule, positives }) => (
        <tr key={`${version}${hours}`}>
          <td>{version}</td>
          <td>{hours} h</td>
          <td class="together">
            <Bar share={f1} mark={rule} />
          </td>
          <td class="num">{f1.toFixed(3)}</td>
          <td class="num">{rule.toFixed(3)}</td>
          <td class="num">{number(positives)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** A share as a bar; the mark is what it is compared with. */
const Bar = ({ share, mark }: { share: number; mark?: number }) => (
  <svg class="bar" viewBox="0 0 120 14" preserveAspectRatio="none" aria-hidden="true">
    <rect class="f-line" y="3" width="120" height="8" rx="4" />
    <rect class="f-s1" y="3" width={120 * Math.min(1, share)} height="8" rx="4" />
    {mark !== undefined && <rect class="f-ink" x={Math.min(118, 120 * mark)} width="2" height="14" />}
  </svg>
);

function Drifted({ drift }: { drift: readonly Drift[] }) {
  if (drift.length === 0)
    return <Empty title="Nothing to compare">Drift is measured against the training rows of the champion.</Empty>;
  const most = Math.max(SERIOUS_PSI * 1.2, ...drift.map(({ psi }) => psi));
  return (
    <Table
      label="Drift by feature"
      heads={["Feature", "Stability index; the mark is where it has drifted", { figure: "PSI" }, { figure: "Missing" }]}
    >
      {drift.slice(0, DRIFT_SHOWN).map(({ feature, psi, missing }) => (
        <tr key={feature}>
          <td class="mono together">{feature}</td>
          <td class="together">
            <Bar share={psi / most} mark={SERIOUS_PSI / most} />
            {psi >= SERIOUS_PSI && <span class="drifted"> ▲ drifted</span>}
          </td>
          <td class="num">{psi.toFixed(2)}</td>
          <td class="num">{percent(missing)}</td>
        </tr>
      ))}
    </Table>
  );
}

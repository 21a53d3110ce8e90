import { addressOf } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Health } from "../../api/types";
import { Top } from "../../app/shell";
import { StatePill } from "../../ui/pill";
import { Shown } from "../../ui/states";
import { Pipelines } from "./pipelines";
import { SlotList } from "./slots";
import { count } from "../../ui/words";

/** What is broken, and the remedy: failed checks first. */
export default function HealthPage() {
  const health = useResource<Health>(addressOf("health"));
  const failed = health.data?.checks.filter(({ status }) => status === "failed").length ?? 0;
  const title =
    health.data === undefined ? "Health" : failed === 0 ? "All parts answer" : `${count(failed, "part")} need you`;
  return (
    <>
      <Top title={title} state={health.data && <StatePill state={health.data.status} />} />
      <div class="stack">
        <Shown of={health}>
          {(data) => (
            <section class="card">
              <h2>Checks of version {data.version}</h2>
              {data.checks.some(({ status }) => status !== "ok") && <Broken checks={data.checks} />}
              <ul class="answering">
                {data.checks
                  .filter(({ status }) => status === "ok")
                  .map(({ name }) => (
                    <li key={name}>
                      <i aria-hidden="true">✓</i>
                      {name}
                      <span class="visually-hidden"> answers</span>
                    </li>
                  ))}
              </ul>
            </section>
          )}
        </Shown>
        <Pipelines />
        <SlotList />
      </div>
    </>
  );
}

const ORDER = ["failed", "skipped", "ok"];
const inOrder = (checks: Health["checks"]) =>
  checks.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));

function Broken({ checks }: { checks: Health["checks"] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>State</th>
          <th>Part</th>
          <th>What to do</th>
        </tr>
      </thead>
      <tbody>
        {inOrder(checks.filter(({ status: own }) => own !== "ok")).map(({ name, status, message, remedy }) => (
          <tr key={name}>
            <td>
              <StatePill state={status} />
            </td>
            <td>{name}</td>
            <td class="soft">{[message, remedy].filter(Boolean).join(". ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

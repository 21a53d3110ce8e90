import { has } from "../../api/client";
import { href } from "../../app/router";
import { Pill } from "../../ui/pill";
import { Table } from "../../ui/table";
import { percent } from "../../ui/words";
import { subjectOf, type Entry } from "./summary";

/** Who is likely to fail, the most likely first. */
export function Fleet({ entries }: { entries: readonly Entry[] }) {
  return (
    <Table label="Most likely to fail" heads={["Which", "Part", "Chance", "Alert", { wide: "Why" }]}>
      {entries.map((entry) => {
        const { entity, part } = subjectOf(entry);
        const why = entry.reasons.join("; ");
        return [
          <tr key={`${entity}${part}`}>
            <td>
              {has("entityPredictions") ? (
                <a href={href(`risk/${encodeURIComponent(entity)}`, { within: `${entry.horizonHours}h` })}>{entity}</a>
              ) : (
                <b>{entity}</b>
              )}
            </td>
            <td>{part}</td>
            <td class="together">
              <Chance share={entry.probability} /> {percent(entry.probability)}
            </td>
            <td>{entry.alert ? <Pill tone="bad">alert</Pill> : <span class="soft">below</span>}</td>
            <td class="prose hide-narrow">{why}</td>
          </tr>,
          <tr key={`${entity}${part} why`} class="only-narrow">
            <td colSpan={4} class="soft small">
              {why}
            </td>
          </tr>,
        ];
      })}
    </Table>
  );
}

const Chance = ({ share }: { share: number }) => (
  <svg class="chance" width="92" height="8" aria-hidden="true">
    <rect class="f-line" width="92" height="8" rx="4" />
    <rect class="f-bad" width={Math.max(2, 92 * share)} height="8" rx="4" />
  </svg>
);

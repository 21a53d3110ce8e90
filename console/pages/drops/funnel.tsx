import { addressOf, has } from "../../api/client";
import { useResource } from "../../api/resource";
import type { DropCounts } from "../../api/types";
import { href, place } from "../../app/router";
import { StatePill } from "../../ui/pill";
import { number } from "../../ui/words";

const MEANING = {
  pending: "wait for the next batch",
  claimed: "are being frozen",
  batched: "are in a batch",
  superseded: "a newer version came",
  vanished: "gone before the freeze",
  quarantined: "could not be taken",
} as const;

/** The states of drops in the order of their way, with how many are in each; one leads to its drops. */
export function Funnel({ pipeline, state }: { pipeline: string; state: string | undefined }) {
  const counts = useResource<DropCounts>(has("countDrops") ? addressOf("countDrops", { path: { pipeline } }) : null);
  const { path: _path, ...kept } = Object.fromEntries(place.value.query);
  return (
    <nav class="funnel" aria-label="States of drops">
      {Object.entries(MEANING).map(([name, meaning]) => {
        const counted = counts.data?.value.find((one) => one.state === name);
        return (
          <a
            key={name}
            href={href("drops", { ...kept, pipeline, state: name === state ? null : name })}
            aria-current={name === state ? "true" : undefined}
          >
            <StatePill state={name} />
            <b>{counted ? `${number(counted.count)}${counted.more ? "+" : ""}` : "…"}</b>
            <span class="small soft">{meaning}</span>
          </a>
        );
      })}
    </nav>
  );
}

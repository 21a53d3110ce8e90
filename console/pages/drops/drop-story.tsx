import type { Drop } from "../../api/types";
import { href } from "../../app/router";
import { StatePill } from "../../ui/pill";
import { Time } from "../../ui/time";
import { bytes } from "../../ui/words";

/** Every version of one path and what became of it. */
export function DropStory({ versions }: { versions: readonly Drop[] }) {
  return (
    <>
      {versions.toReversed().map((drop, index) => (
        <section class="card" key={drop.etag}>
          <h2>
            {index === 0 ? "The newest version" : "An earlier version"} · {bytes(drop.size)} · <code>{drop.etag}</code>
          </h2>
          <p>
            <StatePill state={drop.state} />
          </p>
          <ul class="story">
            <li>
              <Time at={drop.lastModified} form="second" />
              It was written into <code>{drop.container}</code>.
            </li>
            <li>
              <Time at={drop.seenAt} form="second" />
              It was seen, and noted in the ledger as a drop of source <b>{drop.source}</b>.
            </li>
            <li>
              {TOLD[drop.state]}
              {drop.reason && ` ${drop.reason[0]?.toUpperCase() ?? ""}${drop.reason.slice(1)}.`}
              {drop.runId && (
                <>
                  {" "}
                  <a href={href(`runs/${drop.runId}`)}>Its run</a>
                </>
              )}
            </li>
          </ul>
        </section>
      ))}
    </>
  );
}

const TOLD: Readonly<Record<string, string>> = {
  pending: "It waits for the next batch: the collector takes it when it has been quiet, or the schedule does.",
  claimed: "A run has claimed it and is freezing its bytes.",
  batched: "Its bytes are frozen in a batch, and can never change.",
  superseded: "A newer version of the path was there before this one was frozen; only the newest is read.",
  vanished: "It was gone before its bytes could be frozen.",
  quarantined: "Its bytes could not be taken.",
};

import type { Overview } from "../../api/types";
import { href } from "../../app/router";
import { Settle } from "../runs/deeds";
import { Deed } from "../../ui/deeds";
import { Pill } from "../../ui/pill";
import { Empty } from "../../ui/states";
import { Time } from "../../ui/time";

type Need = Overview["needs"][number];

/** What only a person can do, one action each. */
export function Needs({ needs }: { needs: readonly Need[] }) {
  if (needs.length === 0) return <Empty title="Nothing">What only a person can settle shows here.</Empty>;
  return (
    <ul class="needs">
      {needs.map((need) => (
        <li class="need" key={`${need.kind}${need.runId ?? need.pipeline}${need.title}`}>
          <Pill tone={need.kind === "failed" || need.kind === "unproven" ? "bad" : "warn"}>{need.kind}</Pill>
          <p>
            {need.runId ? <a href={href(`runs/${need.runId}`)}>{need.title}</a> : need.title}
            <small>
              <Time at={need.at} /> · {need.detail}. {need.remedy}
            </small>
          </p>
          <Action need={need} />
        </li>
      ))}
    </ul>
  );
}

function Action({ need }: { need: Need }) {
  if (need.kind === "failed" && need.runId)
    return (
      <Deed
        operation="retryRun"
        input={{ path: { runId: need.runId } }}
        label="Retry"
        done="The next attempt is open"
      />
    );
  if (need.kind === "unproven" && need.runId) return <Settle path={{ runId: need.runId }} />;
  const { pipeline } = need;
  return (
    <a
      class="btn"
      href={
        need.kind === "undelivered"
          ? href("quarantine", { pipeline, state: "decided" })
          : need.kind === "quarantined"
            ? href("quarantine", { pipeline })
            : href("drops", { pipeline, state: "pending" })
      }
    >
      Show
    </a>
  );
}

import type { Evidence } from "../../api/types";
import { Pill } from "../../ui/pill";
import { Empty } from "../../ui/states";
import { Time, timeText } from "../../ui/time";
import { percent, span } from "../../ui/words";
import type { Fate } from "./afterwards";

const SHOWN = 8;
const TONES = { "came true": "good", "no failure": "warn", open: "idle", "not announced": "bad" } as const;

/** What then happened: whether alerts came true, and what nobody announced. */
export function Fates({
  fates,
  horizon,
  known,
}: { fates: readonly Fate[]; horizon: number } & Pick<Evidence["afterwards"], "known">) {
  const until = known
    .map((one) => one.until)
    .sort()
    .at(-1);
  return (
    <section class="card">
      <h2>What then happened</h2>
      {fates.length === 0 ? (
        <Empty title="No alert, and no failure">in the points above.</Empty>
      ) : (
        <ul class="needs">
          {fates.slice(0, SHOWN).map((fate) => (
            <li class="need" key={`${fate.target}${fate.at}${fate.kind}`}>
              <Pill tone={TONES[fate.kind]}>{fate.kind}</Pill>
              <p>
                <b>{fate.target}</b> {fate.kind === "not announced" ? "failed on" : "alert of"} <Time at={fate.at} />
                <small>{told(fate, horizon)}</small>
              </p>
            </li>
          ))}
        </ul>
      )}
      <p class="soft small">
        {until ? `Failures are known up to ${timeText(until)}.` : "No run of monitoring has told of failures yet."}
      </p>
    </section>
  );
}

function told({ kind, at, failedAt, peak }: Fate, horizon: number): string {
  const chance = percent(peak);
  if (kind === "came true" && failedAt)
    return `failed on ${timeText(failedAt)}, ${span((Date.parse(failedAt) - Date.parse(at)) / 1000)} after the first alert; chance up to ${chance}`;
  if (kind === "no failure")
    return `chance up to ${chance}; no failure within ${horizon} h; a part that is replaced in time does not fail either`;
  if (kind === "open") return `chance up to ${chance}; its ${horizon} h are not over, or not compared yet`;
  return `the highest chance in the ${horizon} h before was ${chance}`;
}

import { useState } from "preact/hooks";
import { addressOf, may } from "../../api/client";
import { useResource } from "../../api/resource";
import type { QuarantineItem, ShownItem } from "../../api/types";
import { href } from "../../app/router";
import { Top } from "../../app/shell";
import { doIt, reasonOf } from "../../ui/deeds";
import { Pill } from "../../ui/pill";
import { Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { titleOf } from ".";
import { Row } from "./row";

/** One item: its lines with the rule that each broke, and what a person makes of them. */
export function ItemPage({ id }: { id: string }) {
  const shown = useResource<ShownItem>(addressOf("showQuarantine", { path: { id } }));
  const item = shown.data?.item;
  return (
    <>
      <Top title={item ? titleOf(item) : "Quarantine"} state={item && <Standing item={item} />} />
      <Shown of={shown}>{(data) => <Body data={data} />}</Shown>
    </>
  );
}

function Standing({ item }: { item: QuarantineItem }) {
  if (!item.decision) return <Pill tone="warn">waits for a person</Pill>;
  return <Pill tone={item.decision.kind === "released" ? "good" : "idle"}>{item.decision.kind}</Pill>;
}

function Body({ data: { item, header, entries } }: { data: ShownItem }) {
  const [mended, setMended] = useState<Readonly<Record<number, string>>>({});
  const changed = entries.filter(({ line, raw }) => mended[line] !== undefined && mended[line] !== raw);
  const isOpen = item.decision === null;
  return (
    <div class="stack">
      <section class="card">
        <dl class="pairs">
          <dt>File</dt>
          <dd>
            <a class="mono" href={href("drops", { pipeline: item.pipeline, path: item.path })}>
              {item.path}
            </a>
          </dd>
          <dt>Why</dt>
          <dd>
            {item.reason}
            {item.remedy && <small class="soft"> {item.remedy}</small>}
          </dd>
          <dt>Found</dt>
          <dd>
            <Time at={item.foundAt} />
            {item.runId && (
              <>
                {" "}
                by <a href={href(`runs/${item.runId}`)}>its run</a>
              </>
            )}
          </dd>
          {item.decision && (
            <>
              <dt>Decided</dt>
              <dd>
                {item.decision.kind} <Time at={item.decision.at} />
                {item.decision.by && ` by ${item.decision.by}`}: {item.decision.why}
                {item.decision.dropPath && (
                  <>
                    {" "}
                    ·{" "}
                    <a href={href("drops", { pipeline: item.pipeline, path: item.decision.dropPath })}>the new drop</a>
                  </>
                )}
              </dd>
            </>
          )}
        </dl>
      </section>
      {entries.length > 0 && (
        <section class="card">
          <h2>
            {item.rows > entries.length
              ? `The first ${entries.length} of ${item.rows} lines`
              : "The lines as they were delivered"}
          </h2>
          <ol class="lines">
            {entries.map((entry) => (
              <Row
                key={entry.line}
                entry={entry}
                header={header}
                edit={
                  isOpen && may("releaseQuarantine") && item.kind === "rows"
                    ? (text) => setMended({ ...mended, [entry.line]: text })
                    : undefined
                }
              />
            ))}
          </ol>
        </section>
      )}
      {isOpen && may("releaseQuarantine") && (
        <Decide item={item} rows={changed.map(({ line }) => ({ line, text: mended[line] ?? "" }))} />
      )}
    </div>
  );
}

/** Release of the mended rows, or of the whole; discard. Both with a reason. */
function Decide({
  item,
  rows,
}: {
  item: QuarantineItem;
  rows: readonly { readonly line: number; readonly text: string }[];
}) {
  const isRows = item.kind === "rows";
  const [busy, setBusy] = useState(false);
  const decide = async (event: SubmitEvent) => {
    event.preventDefault();
    const why = reasonOf(event);
    const isRelease = (event.submitter as HTMLButtonElement | null)?.value === "release";
    setBusy(true);
    const path = { id: item.id };
    if (isRelease)
      await doIt(
        "releaseQuarantine",
        { path, body: { why, ...(isRows ? { rows } : {}) } },
        "Released: it comes as a drop of its own",
      );
    else await doIt("discardQuarantine", { path, body: { why } }, "Discarded: it stays out");
    setBusy(false);
  };
  return (
    <form class="card" onSubmit={(event) => void decide(event)}>
      <h2>Decide</h2>
      <p class="soft">
        {isRows
          ? "Mend the lines above, then release them: they come as a new drop with a story of its own. What you do not mend stays here."
          : "Release lets it be read again as it is; discard keeps it out."}
      </p>
      <div class="filters">
        <label class="field wide">
          Why
          <input name="reason" required maxLength={1000} placeholder="kept with your name and the time" />
        </label>
        <button class="btn" value="discard" disabled={busy}>
          Discard
        </button>
        <button class="btn primary" value="release" disabled={busy || (isRows && rows.length === 0)}>
          {isRows ? `Release ${rows.length} mended` : "Release"}
        </button>
      </div>
    </form>
  );
}

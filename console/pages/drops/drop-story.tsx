import { addressOf, has } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Drop, Told } from "../../api/types";
import { href } from "../../app/router";
import { Deed } from "../../ui/deeds";
import { StatePill } from "../../ui/pill";
import { Shown } from "../../ui/states";
import { Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { bytes } from "../../ui/words";

interface Props {
  readonly path: string;
  readonly pipeline: string;
  readonly versions: readonly Drop[];
}

/** What became of one path: its story in sentences, and every version of it. */
export function DropStory({ path, pipeline, versions }: Props) {
  const story = useResource<Told>(has("tellWhy") ? addressOf("tellWhy", { query: { of: path } }) : null);
  const newest = versions.at(-1);
  return (
    <>
      {has("tellWhy") && (
        <section class="card">
          <h2>What happened, and why</h2>
          <Shown of={story}>{(told) => <Sentences told={told} />}</Shown>
        </section>
      )}
      <section class="card">
        <h2>Versions, newest first</h2>
        <Table label="Versions" heads={["State", "Seen", { figure: "Size" }, "ETag", "Run"]}>
          {versions.toReversed().map((drop) => (
            <tr key={drop.etag}>
              <td>
                <StatePill state={drop.state} />
              </td>
              <td>
                <Time at={drop.seenAt} form="second" />
              </td>
              <td class="num">{bytes(drop.size)}</td>
              <td class="mono">{drop.etag}</td>
              <td class="mono">{drop.runId && <a href={href(`runs/${drop.runId}`)}>{drop.runId}</a>}</td>
            </tr>
          ))}
        </Table>
        {newest?.state === "quarantined" && (
          <div class="actions">
            <Deed
              operation="requeueDrop"
              input={{ path: { pipeline }, body: { path } }}
              label="Take it again"
              why
              done={requeued}
              ask={{
                title: "Take this drop again?",
                text: "For after a pattern or a definition was mended, or the blob made readable.",
              }}
            />
          </div>
        )}
      </section>
    </>
  );
}

/** A blob that is gone, or that no pipeline takes, does not come back. */
const requeued = ({ state, reason }: Drop): string =>
  state === "pending" ? "It is pending again, for the next batch" : `It is ${state}: ${reason ?? "nobody said why"}`;

function Sentences({ told }: { told: Told }) {
  const runs = told.runs.map((url) => url.slice(url.lastIndexOf("/") + 1));
  return (
    <>
      <ul class="story">
        {told.sentences.map(({ at, text }, index) => (
          <li key={index}>
            {at && <Time at={at} form="second" />}
            {text}
          </li>
        ))}
      </ul>
      {runs.length > 0 && (
        <p class="small">
          {runs.map((runId) => (
            <a key={runId} class="mono" href={href(`runs/${runId}`)}>
              {runId}
            </a>
          ))}
        </p>
      )}
    </>
  );
}

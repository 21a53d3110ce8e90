import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import type { Drop, Run } from "../../api/types";
import { href } from "../../app/router";
import { toneOf } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { bytes } from "../../ui/words";

const SHOWN = 12;

/** The drops that the run froze. */
export function BatchCard({ run }: { run: Run }) {
  const drops = usePages<Drop>(
    addressOf("listDrops", { path: { pipeline: run.pipeline }, query: { runId: run.id, top: SHOWN } }),
    ({ path, etag }) => path + etag,
  );
  return (
    <section class="card">
      <h2>Batch</h2>
      <Shown of={drops}>
        {(items) =>
          items.length === 0 ? (
            <Empty title="No drops">It works on what the tables hold.</Empty>
          ) : (
            <table>
              <tbody>
                {items.slice(0, SHOWN).map(({ path, etag, size, state }) => (
                  <tr key={path + etag}>
                    <td class="mono">
                      <a href={href("drops", { pipeline: run.pipeline, path })}>{path}</a>
                      {toneOf(state) !== "good" && <span class="soft"> · {state}</span>}
                    </td>
                    <td class="num">{bytes(size)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Shown>
      {run.batch.drops > SHOWN && (
        <p>
          <a href={href("drops", { pipeline: run.pipeline, run: run.id })}>All {run.batch.drops} drops</a>
        </p>
      )}
    </section>
  );
}

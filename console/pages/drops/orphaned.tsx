import { useState } from "preact/hooks";
import { count } from "../../ui/words";
import { Deed } from "../../ui/deeds";

/** The pipeline has no definition any more: its pending drops wait for ever, unless another one takes them. */
export function Orphaned({ pipeline, takers }: { pipeline: string; takers: readonly string[] }) {
  const [to, setTo] = useState(takers[0] ?? "");
  return (
    <section class="notice mild" role="note">
      <strong>The definition of {pipeline} is gone</strong>
      <span>Its pending drops wait for ever. Another pipeline can take those that its pattern fits.</span>
      {takers.length > 0 && (
        <span class="filters">
          <label class="field">
            Pipeline that takes them
            <select value={to} onChange={(event) => setTo(event.currentTarget.value)}>
              {takers.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <Deed
            operation="routeDrops"
            input={{ path: { pipeline }, body: { to } }}
            label="Route them"
            primary
            done={({ routed, refused }: { routed: number; refused: number }) =>
              `${count(routed, "drop")} went to ${to}${refused ? `; its pattern takes none of the other ${refused}` : ""}`
            }
          />
        </span>
      )}
    </section>
  );
}

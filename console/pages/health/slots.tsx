import { addressOf, has } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Run, Slots } from "../../api/types";
import { href } from "../../app/router";
import { Deed } from "../../ui/deeds";
import { Table } from "../../ui/table";

/** Who holds each slot, and who waits for it. */
export function SlotList() {
  const slots = useResource<Slots>(has("listSlots") ? addressOf("listSlots") : null);
  if (!slots.data || slots.data.value.length === 0) return null;
  return (
    <section class="card">
      <h2>Slots: one run of a group at a time</h2>
      <Table label="Slots" heads={["Group", "Held by", { figure: "Waiting" }, ""]}>
        {slots.data.value.map(({ group, holder, waiting }) => (
          <tr key={group}>
            <td>{group}</td>
            <td class="mono">
              {holder ? <a href={href(`runs/${holder}`)}>{holder}</a> : <span class="soft">nobody</span>}
            </td>
            <td class="num">{waiting.length}</td>
            <td>{holder && <Release group={group} holder={holder} />}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** A run that is over keeps its slot while nobody can prove that its Databricks runs ended; an open one is cancelled or abandoned instead. */
function Release({ group, holder }: { group: string; holder: string }) {
  const { data, problem } = useResource<Run>(addressOf("getRun", { path: { runId: holder } }));
  const isOver = data ? data.endedAt !== null : problem?.status === 404;
  if (!isOver) return null;
  return (
    <Deed
      operation="releaseGroupSlot"
      input={{ path: { group }, body: { holder } }}
      label="Release"
      why
      done={`The slot of ${group} is handed on`}
      ask={{
        title: `Take the slot of ${group} from this run?`,
        text: "Look in the workspace first: its Databricks runs are settled as ended. Refused while Databricks lists one as active.",
        danger: true,
      }}
    />
  );
}

import { z } from "zod";
import { listSlots, type SlotState } from "../../operations/slots";
import { releaseSlotOf } from "../../operations/settle";
import type { ApiPorts } from "../ports";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";
import { force, operatorOf, reason } from "../registry/operator";

type Operations = Pick<ApiPorts, "operations">;

const slotSchema = z.strictObject({
  group: z.string().meta({ description: "concurrency group" }),
  holder: z.string().nullable().meta({ description: "the run that holds it" }),
  waiting: z.array(z.string()).meta({ description: "runs that wait for it, in their order" }),
});
export const slotsSchema = component("Slots", z.strictObject({ value: z.array(slotSchema) }));
const slotPath = z.strictObject({ group: z.string().meta({ description: "concurrency group" }) });
const releaseBody = component(
  "ReleaseSlot",
  z.strictObject({ reason, holder: z.string().meta({ description: "the run that you saw holding it" }), force }),
);
const releasedSchema = component("ReleasedSlot", slotSchema);

const view = ({ group, holder, waiting }: SlotState) => ({ group, holder, waiting: [...waiting] });

const list = operation({
  id: "listSlots",
  summary: "List the slots of the concurrency groups: who holds each, and who waits",
  http: { method: "GET", path: "v1/slots" },
  command: "slots list",
  access: "reader",
  readOnly: true,
  etag: true,
  answers: { 200: { description: "All slots", schema: slotsSchema } },
  problems: [],
  async run(_call, { operations }: Operations) {
    return answer(200, { value: (await listSlots(operations)).map(view) });
  },
});

const release = operation({
  id: "releaseGroupSlot",
  summary: "Take a slot from a run that is over but of which nobody can prove that its Databricks runs ended",
  description:
    "Settles them as settle does, and is refused as settle is. An open run keeps its slot: cancel or abandon it.",
  http: { method: "POST", path: "v1/slots/{group}/release" },
  command: "slots release",
  examples: ['slots release pdm --holder scoring-20151116t063000-1a2b3c4d --reason "the run was deleted by hand"'],
  access: "operator",
  readOnly: false,
  path: slotPath,
  body: releaseBody,
  answers: { 200: { description: "The slot as it is now", schema: releasedSchema } },
  problems: ["run-state", "slot-moved", "still-active", "activity-unknown"],
  async run({ path: { group }, body, ...call }, { operations }: Operations) {
    const { holder } = body;
    await releaseSlotOf(operations, { group, holder, force: body.force }, operatorOf(call, body.reason));
    const now = (await listSlots(operations)).find((slot) => slot.group === group);
    return answer(200, view(now ?? { group, holder: null, waiting: [] }));
  },
});

export const SLOT_OPERATIONS = [list, release];

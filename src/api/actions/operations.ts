import { z } from "zod";
import type { ApiPorts } from "../ports";
import { timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

/** Actions that one look shows, the newest first. */
const SHOWN = 100;

const subjectPath = z.strictObject({ subject: z.string().meta({ description: "id of a run, or name of a pipeline" }) });
const actionsSchema = component(
  "Actions",
  z.strictObject({
    value: z.array(
      z.strictObject({
        at: timestamp,
        action: z.string(),
        subject: z.string(),
        by: z.string().nullable().meta({ description: "null where only a key was known" }),
        reason: z.string().meta({ description: "empty where the verb asks for none and none was given" }),
        about: z
          .string()
          .nullable()
          .meta({ description: "what of it, such as the path of a drop; null for the whole" }),
      }),
    ),
  }),
);

const listActions = operation({
  id: "listActions",
  summary: "List what people did to a run or a pipeline: who, when and why",
  description: "The newest first, at most 100.",
  http: { method: "GET", path: "v1/actions/{subject}" },
  command: "actions list",
  examples: ["actions list scoring"],
  access: "operator",
  readOnly: true,
  etag: true,
  path: subjectPath,
  answers: { 200: { description: "The actions", schema: actionsSchema } },
  problems: [],
  async run({ path }, { operations }: Pick<ApiPorts, "operations">) {
    const actions = await operations.activities.ledger.actions.list(path.subject, SHOWN);
    return answer(200, { value: actions.map((action) => ({ ...action })) });
  },
});

export const ACTION_OPERATIONS = [listActions];

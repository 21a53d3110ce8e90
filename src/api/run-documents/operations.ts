import { z } from "zod";
import { RunNotInLedgerError } from "../../ledger/errors";
import type { ApiPorts } from "../ports";
import { Problem } from "../problems";
import { runPath } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

const documentPath = z.strictObject({
  ...runPath.shape,
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, "expected a-z, 0-9 and _")
    .meta({ description: "name of the document without its extension, or of the step for its outcome" }),
});
const documentSchema = component("RunDocument", z.record(z.string(), z.unknown()));

const getRunDocument = operation({
  id: "getRunDocument",
  summary: "Get a JSON document that a run wrote: its results, or the outcome of a step",
  description: "What is in it is the notebooks' own. Of at most 2 MiB.",
  http: { method: "GET", path: "v1/runs/{runId}/documents/{name}" },
  command: "runs document",
  examples: ["runs document scoring-20151116t063000-1a2b3c4d summary"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: documentPath,
  answers: { 200: { description: "The document", schema: documentSchema } },
  problems: ["unknown-run", "unknown-document"],
  async run({ path: { runId, name } }, { runs, documents }: Pick<ApiPorts, "runs" | "documents">) {
    if ((await runs.getRun(runId)) === null) throw new RunNotInLedgerError(runId);
    const document = await documents(runId, name);
    if (document === null) throw new Problem("unknown-document", `Run ${runId} has no document "${name}".`);
    return answer(200, document);
  },
});

export const RUN_DOCUMENT_OPERATIONS = [getRunDocument];

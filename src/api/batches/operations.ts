import { z } from "zod";
import { RunNotInLedgerError } from "../../ledger/errors";
import { Problem } from "../problems";
import type { ApiPorts } from "../ports";
import { MAX_PAGE_SIZE, runPath, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

const fileSchema = z.strictObject({
  path: z.string().meta({ description: "where the source system put it" }),
  source: z.string(),
  frozenPath: z.string().meta({ description: "the bytes that the run reads, below the volume root" }),
  etag: z.string(),
  size: z.number().int(),
  lastModified: z.string(),
});

export const batchSchema = component(
  "Batch",
  z.strictObject({
    runId: z.string(),
    pipeline: z.string(),
    frozenAt: timestamp,
    window: z.strictObject({ start: z.string(), end: z.string() }).nullable(),
    files: z.number().int().meta({ description: "how many there are" }),
    bytes: z.number(),
    value: z.array(fileSchema).meta({ description: "a page of them, by path" }),
    nextLink: z.url().optional().meta({ description: "absent on the last page" }),
  }),
);

const getBatch = operation({
  id: "getBatch",
  summary: "Show the frozen batch of a run: the exact files that it reads",
  http: { method: "GET", path: "v1/runs/{runId}/batch" },
  command: "runs batch",
  access: "reader",
  readOnly: true,
  etag: true,
  path: runPath,
  query: z.strictObject({
    top: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50).meta({ description: "page size" }),
    token: z
      .string()
      .regex(/^\d{1,9}$/)
      .optional()
      .meta({ description: "from a nextLink" }),
  }),
  answers: { 200: { description: "The batch with a page of its files", schema: batchSchema } },
  problems: ["unknown-run", "not-frozen"],
  async run(
    { path: { runId }, query: { top, token }, root },
    { runs, manifests }: Pick<ApiPorts, "runs" | "manifests">,
  ) {
    const run = await runs.getRun(runId);
    if (run === null) throw new RunNotInLedgerError(runId);
    const manifest = run.frozenAt === null ? null : await manifests.find(runId);
    if (manifest === null) throw new Problem("not-frozen", `run ${runId} is ${run.state} and has no batch`);
    const from = Number(token ?? 0);
    const files = manifest.files.slice(from, from + top);
    const more = from + top < manifest.files.length;
    return answer(200, {
      ...{ runId, pipeline: manifest.pipeline, frozenAt: manifest.createdAt, window: manifest.window },
      files: manifest.files.length,
      bytes: manifest.files.reduce((sum, { size }) => sum + size, 0),
      value: files,
      ...(more ? { nextLink: `${root}/v1/runs/${runId}/batch?top=${top}&token=${from + top}` } : {}),
    });
  },
});

export const BATCH_OPERATIONS = [getBatch];

import { readFile } from "node:fs/promises";
import { buildCommand } from "@stricli/core";
import type { DropView } from "../../src/api/drops/views";
import type { PipelineView } from "../../src/api/pipelines/views";
import type { ApiClient } from "../client";
import { clientOf, COMMON_FLAGS, type CommonFlags } from "../common-flags";
import type { CliContext } from "../context";
import { EXIT_CODES_TEXT } from "../exit-codes";
import { Fault, ownFault } from "../fault";
import { followRun } from "../follow-run";
import { operationById } from "../operations";
import { show } from "../output/show";
import { uploadDrop } from "../upload-drop";
import { tellEnd } from "./watch";

type Flags = CommonFlags & {
  readonly pipeline?: string;
  readonly as?: string;
  readonly noWait?: boolean;
  readonly interval?: number;
};

/** Puts a file where source systems put theirs, and follows it to its scores. */
export const dropCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Drop a file, and follow it to its scores",
    fullDescription: `Drop a file, and follow it to its scores: uploaded, seen, batched, run, the highest chances.\n\nExamples\n  batchkeeper drop telemetry/2015-11-16.csv.gz\n  batchkeeper drop mended.csv --as telemetry/2015-11-16.csv --pipeline scoring\n\n${EXIT_CODES_TEXT}`,
  },
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      pipeline: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "name",
        brief: "who gets it (default: the only one that takes drops)",
      },
      as: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "path",
        brief: "where it goes (default: its folder and name)",
      },
      noWait: { kind: "boolean", optional: true, withNegated: false, brief: "end when it is uploaded" },
      interval: {
        kind: "parsed",
        parse: Number,
        optional: true,
        placeholder: "seconds",
        brief: "between two looks (default 2)",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "a file on this machine", placeholder: "file", parse: String }],
    },
  },
  async func({ pipeline: wanted, as, noWait, interval = 2, ...flags }, file) {
    const client = clientOf(this, flags);
    const bytes = await readFile(file).catch((error: unknown) => {
      throw ownFault("bad-argument", `${file} cannot be read: ${(error as Error).message}`);
    });
    const pipeline = wanted ?? (await onlyPipeline(client));
    const path = as ?? file.split(/[\\/]/).filter(Boolean).slice(-2).join("/");
    const etag = await uploadDrop(this, client, pipeline, path, bytes);
    this.process.stderr.write(`${path} is uploaded (${bytes.length} bytes)\n`);
    if (noWait) return;
    const runId = await untilBatched(this, client, { pipeline, path, etag }, interval);
    const run = await followRun(this, client, runId, { interval, quiet: flags.json ?? false });
    tellEnd(this, run, flags.json ?? false);
    if (!flags.json) await tellScores(this, client, pipeline, runId);
  },
});

async function onlyPipeline(client: ApiClient): Promise<string> {
  const { body } = await client.call(operationById("listPipelines"));
  const takers = (body as { value: PipelineView[] }).value.filter(({ takesDrops }) => takesDrops);
  const [first, ...others] = takers.map(({ name }) => name);
  if (first !== undefined && others.length === 0) return first;
  throw ownFault("bad-argument", `--pipeline is needed: drops are taken by ${[first, ...others].join(", ") || "none"}`);
}

/** Looks until the drop is in a batch; every state on the way is told once. */
async function untilBatched(
  context: CliContext,
  client: ApiClient,
  { pipeline, path, etag }: { pipeline: string; path: string; etag: string },
  interval: number,
): Promise<string> {
  let told = "";
  for (;;) {
    const { body } = await client.call(operationById("listDrops"), { path: { pipeline }, query: { path, top: 200 } });
    const drop = (body as { value: DropView[] }).value.find((candidate) => candidate.etag === etag);
    const state = drop?.state ?? "not seen yet";
    if (state !== told) context.process.stderr.write(`${path} is ${state}${drop?.reason ? `: ${drop.reason}` : ""}\n`);
    told = state;
    if (drop && ["quarantined", "superseded", "vanished"].includes(drop.state))
      throw ownFault("nothing-took-it", `${path} is ${drop.state}: ${drop.reason ?? "no reason given"}`);
    if (drop?.runId && drop.state === "batched") return drop.runId;
    await context.sleep(interval * 1000);
    context.signal.throwIfAborted();
  }
}

async function tellScores(context: CliContext, client: ApiClient, pipeline: string, runId: string): Promise<void> {
  const operation = operationById("topPredictions");
  try {
    const { body } = await client.call(operation, { path: { pipeline }, query: { runId, top: 5 } });
    const out = context.process.stdout;
    if (out.isTTY) out.write("\nMost likely to fail\n");
    show(out, { value: (body as { value: unknown[] }).value }, operation.columns);
  } catch (error) {
    // A run may well succeed without scoring anything.
    if (!(error instanceof Fault)) throw error;
  }
}

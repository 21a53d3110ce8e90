import { bug, edit, type Mutation } from "./mutation";

/** I1, I2, R3: drops and batches. */
export const DROPS: readonly Mutation[] = [
  bug(
    "I1",
    "event-swallowed",
    "a blob trigger succeeds although the drop was not recorded",
    edit(
      "await (0, record_blob_1.recordBlob)(recorder, container, path)",
      'await (0, record_blob_1.recordBlob)(recorder, container, path).catch(() => ({ kind: "none" }))',
    ),
  ),
  bug(
    "I1",
    "container-not-scanned",
    "blobs whose event never came stay unknown",
    edit("async function scanContainers(pass) {", "async function scanContainers(pass) { return;"),
  ),
  bug(
    "I12",
    "nobody-collects",
    "pending drops without a collector wait for ever",
    edit("async function sweepPendingDrops(pass) {", "async function sweepPendingDrops(pass) { return;"),
    edit("if (pipeline !== null)", "if (false)"),
  ),
  bug(
    "I2",
    "copy-of-any-version",
    "a frozen copy is taken for any version of its path",
    edit(
      ["if (copy.metadata[SOURCE_ETAG] !== drop.etag)", "if (copy?.metadata[SOURCE_ETAG] === drop.etag) {"],
      "if (false)",
    ),
    edit("if (source.etag !== drop.etag)", "if (false)"),
  ),
  bug(
    "I1",
    "superseded-unseen",
    "a drop that was overwritten is called vanished",
    edit('return { kind: "superseded" };', 'return { kind: "vanished" };'),
  ),
  bug(
    "R3",
    "failed-batch-forgotten",
    "the batch of a failed run is never taken over",
    edit(
      "async function planRetake(ledger, run, definition, endedAt, log) {",
      "async function planRetake(ledger, run, definition, endedAt, log) { return;",
    ),
  ),
  bug(
    "I12",
    "bad-drop-stops-all",
    "a drop that cannot be frozen is tried for ever",
    edit("if (!giveUp) {", "if (true) {"),
  ),
  bug(
    "I12",
    "claims-not-given-back",
    "drops of a run that closed before its freeze stay claimed",
    edit(
      "await eachHeld(ledger, run.runId, Infinity, async (entry) => ledger.batches.giveBack(run.runId, entry));",
      "",
    ),
    edit("async function sweepClaims(pass) {", "async function sweepClaims(pass) { return;"),
  ),
];

/** R7, R8, I10, requests and the rest. */
export const REST: readonly Mutation[] = [
  bug(
    "R7",
    "failed-post-is-told",
    "a message that nobody took counts as told",
    edit("await deps.notifier.notify(", "await ((message) => deps.notifier.notify(message).catch(() => undefined))("),
  ),
  bug(
    "I10",
    "token-in-run-record",
    "run.json holds idempotency tokens",
    edit("generations: generations.map(({ idempotencyToken: _token, ...generation }) => generation),", "generations,"),
  ),
  bug(
    "I10",
    "key-in-run-record",
    "run.json holds the caller's key",
    edit("function runSummary({ alias: _alias, requestedBy: _by,", "function runSummary({ requestedBy: _by,"),
  ),
  bug(
    "I10",
    "url-in-log",
    "a failed notification logs its URL",
    edit("throw new Error(`${what} did not take the message (${status})`);", "throw error;"),
    edit("tries: message.tries + 1, fate });", "tries: message.tries + 1, fate, fault: error.message });"),
    edit('[/([?&](?:sig|code|token|access_token|key)=)[^\\s&"\'#]+/gi, "$1[redacted]"],', ""),
  ),
  bug(
    "R8",
    "strict-rows",
    "rows of a newer version cannot be read",
    edit(
      '(0, stored_definition_1.storedDefinition)(String(row["definition"]))',
      'pipeline_definition_1.pipelineDefinitionSchema.parse(JSON.parse(String(row["definition"])))',
    ),
  ),
  bug(
    "API",
    "one-try-to-write",
    "a writer that was overtaken gives up at once",
    edit("const MAX_LOSSES = 100;", "const MAX_LOSSES = 0;"),
  ),
  bug(
    "I12",
    "lost-runs-stay",
    "runs whose orchestration was lost stay open",
    edit(
      ["async function sweepOpenRuns(pass) {"],
      "async function sweepOpenRuns() { return; } async function unused(pass) {",
    ),
  ),
  bug(
    "I6",
    "strays-stay",
    "generations that a closed run left are never settled",
    edit(
      ["async function sweepGenerations({"],
      "async function sweepGenerations() { return; } async function unused({",
    ),
    edit(
      ["async function sweepUnownedRuns(pass) {"],
      "async function sweepUnownedRuns() { return; } async function unused2(pass) {",
    ),
  ),
  bug(
    "I12",
    "instance-not-started",
    "a run is recorded and its orchestration never started",
    edit("await client.startNew(orchestrator, { instanceId, input });", "await client.getStatus(instanceId);"),
  ),
  bug(
    "R5",
    "sweeper-reads-history",
    "every pass of the sweeper reads every run again and again",
    edit(
      "await (0, for_each_item_1.forEachItem)(log, pipelines, (pipeline) => ({ pipeline }), sweepPipeline);",
      "for (let again = 0; again < 40; again += 1) await (0, for_each_item_1.forEachItem)(log, pipelines, (pipeline) => ({ pipeline }), sweepPipeline);",
    ),
  ),
];

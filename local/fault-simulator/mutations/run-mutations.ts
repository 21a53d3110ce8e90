import { bug, edit, type Mutation } from "./mutation";

/** R1 and what belongs to it: the ends of Databricks runs. */
export const ENDS: readonly Mutation[] = [
  bug(
    "R1",
    "any-404-is-absence",
    "every 404 counts as the word of Databricks",
    edit('error.status === 404 && error.errorCode === "RESOURCE_DOES_NOT_EXIST"', "error.status === 404"),
    edit(
      "async function confirmGone(deps, record, lookedAt) {",
      "async function confirmGone(deps, record, lookedAt) { return true;",
    ),
  ),
  bug(
    "R1",
    "gone-after-one-look",
    "one look that finds no run proves that it is gone",
    edit(
      "async function confirmGone(deps, record, lookedAt) {",
      "async function confirmGone(deps, record, lookedAt) { return true;",
    ),
  ),
  bug(
    "R1",
    "never-started-after-one-look",
    "one empty list proves that nothing was started",
    edit(
      "if ((0, generation_1.mayHaveStarted)(looked) && !(0, generation_1.isAbsenceProven)(looked, lookedAt))",
      "if (false)",
    ),
  ),
  bug(
    "R1",
    "refused-repeat-is-final",
    "a repeat of run-now that is refused says that nothing was started",
    edit("if ((0, generation_1.mayHaveStarted)(after))", "if (false)"),
    edit(
      "current.databricksRunId === null && !(0, generation_1.mayHaveStarted)(current)",
      "current.databricksRunId === null",
    ),
  ),
  bug(
    "R1",
    "unknown-state-given-up",
    "a state that nobody knows is terminal at once",
    edit("if (!isOverdue(deps, record) || !(await (0, absence_1.confirmInactive)(deps, record, run)))", "if (false)"),
  ),
  bug(
    "I6",
    "end-not-awaited",
    "a run closes without waiting for the end of its Databricks runs",
    edit("if (remaining === 0)", "if (true)"),
  ),
  bug(
    "I6",
    "steps-have-no-limit",
    "the time limit of a step is not looked at",
    edit("(0, durable_1.secondsSince)(context, since) >= wait.timeoutSeconds", "false"),
  ),
  bug(
    "I6",
    "cancel-is-not-sent",
    "a cancel is noted and never sent to Databricks",
    edit("path: `${JOBS}/runs/cancel`", "path: `${JOBS}/runs/get`"),
  ),
  bug(
    "R4",
    "run-of-twin-cancelled",
    "a run counts as ours by its run id alone",
    edit(
      "(0, job_parameters_1.carriesRun)(run.jobParameters, runId, deploymentId)",
      'run.jobParameters["run_id"] === runId',
    ),
    edit("(0, job_parameters_1.carriesRun)(parameters, runId, deploymentId)", 'parameters["run_id"] === runId'),
  ),
  bug(
    "R4",
    "parameters-without-deployment",
    "job parameters do not say whose run it is",
    edit("deployment_id: deploymentId", "deployment_name: run.runId"),
  ),
  bug(
    "I8",
    "window-of-the-moment",
    "a repeated step gets another window than the one before",
    edit('window_end: run.window?.end ?? ""', "window_end: new Date().toISOString()"),
  ),
  bug(
    "I5",
    "deleted-is-repeated",
    "a run that was deleted is started again",
    edit("switch (cause) {", 'switch (cause === "deleted" ? "platform" : cause) {'),
  ),
  bug(
    "R2",
    "output-not-awaited",
    "an output that is not there yet is a failure",
    edit("if (input.stopping !== null || waited >=", "if (true || waited >="),
  ),
];

/** I3 and I5: starts and proofs. */
export const PROOFS: readonly Mutation[] = [
  bug(
    "I3",
    "token-of-the-moment",
    "run-now gets another token than the intent has",
    edit(
      "idempotencyToken: record.idempotencyToken,",
      "idempotencyToken: record.idempotencyToken.slice(0, 40) + Date.now(),",
    ),
  ),
  bug(
    "I3",
    "token-not-of-the-generation",
    "all generations of a step have one token",
    edit("[deploymentId, runId, step, String(generation)]", "[deploymentId, runId, step]"),
  ),
  bug(
    "I3",
    "no-intent",
    "run-now is called before the intent is in the ledger",
    edit(
      "async intend(intent) {",
      "async intend(intent) { return { ...intent, databricksRunId: null, jobId: null, verdict: null, terminal: false, workspace: null, submissions: 0, refusals: 0, openCalls: [], lastSubmittedAt: null, stopAskedAt: null };",
    ),
    edit("await begin(deps, record, jobId, call);", ""),
  ),
  bug(
    "I5",
    "exit-of-another-run",
    "the exit value of another run is a proof",
    edit("if (read.exit.runId !== expected.runId)", "if (false)"),
  ),
  bug(
    "I5",
    "counts-not-compared",
    "the counts of the exit value are not compared with the manifest",
    edit('if (expected.readsManifest && read.exit.status !== "not_ready")', "if (false)"),
  ),
  bug("I5", "truncated-exit", "an exit value that was cut is a proof", edit("if (truncated ||", "if (")),
  bug(
    "I5",
    "partial-success",
    "SUCCESS_WITH_FAILURES is a success",
    edit('state.resultState === "SUCCESS")', 'state.resultState?.startsWith("SUCCESS"))'),
    edit('state.terminationCode === "SUCCESS")', 'state.terminationCode?.startsWith("SUCCESS"))'),
  ),
  bug(
    "I5",
    "not-json-is-fine",
    "an exit value that is no JSON is a success without words",
    edit(
      'return refuse("EXIT_JSON_INVALID", `exit value is not JSON: ${error.message}`);',
      'return { ok: true, exit: { schemaVersion: 1, step: "x", runId: "x", status: "ok", reason: null, counts: {}, tables: {}, warnings: [] } };',
    ),
    edit("if (read.exit.step !== expected.step)", "if (false)"),
    edit("if (read.exit.runId !== expected.runId)", "if (false)"),
    edit('if (expected.readsManifest && read.exit.status !== "not_ready")', "if (false)"),
  ),
  bug(
    "I5",
    "first-step-is-enough",
    "a run succeeds after its first step",
    edit("of before.steps.entries()) {", "of before.steps.slice(0, 1).entries()) {"),
  ),
];

/** I4: slots. */
export const SLOTS: readonly Mutation[] = [
  bug(
    "I4",
    "slot-without-guard",
    "the slot is handed over without a look at its entity tag",
    edit("expect: slot.etag }];", 'expect: "*" }];'),
  ),
  bug(
    "I4",
    "slot-for-everybody",
    "a slot that is held is granted all the same",
    edit('if (slot["holder"] !== "" || place() > 0)', "if (false)"),
  ),
  bug(
    "I4",
    "group-of-the-day",
    "the slot is of the pipeline, not of its group",
    edit("ledger.slots.take(definition.concurrencyGroup, ticket)", "ledger.slots.take(run.pipeline, ticket)"),
  ),
  bug(
    "I12",
    "slot-not-released",
    "the slot is kept when a run ends",
    edit(
      [
        "const next = await ledger.slots.release(stored.definition.concurrencyGroup,",
        "const next = await ledger.slots.release(group,",
      ],
      "const next = null; void (0,",
    ),
  ),
  bug(
    "I12",
    "nobody-sweeps-slots",
    "slots of runs that are over are never taken back",
    edit("async function sweepSlots(pass) {", "async function sweepSlots(pass) { return;"),
  ),
];

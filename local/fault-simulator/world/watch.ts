import type { Row } from "../../../src/ledger/ports";
import type { JobsWatcher } from "../databricks/jobs-model";
import { isActive, isSound, type ModelRun } from "../databricks/model-run";
import type { Kernel } from "../kernel/kernel";
import type { StoredBlob } from "../ports/memory-blobs";
import { WRITERS } from "./definitions";
import { isClosedRun, kindOf, note, textOf, type LedgerView } from "./ledger-view";

/** Limit of every step in the simulated definitions. */
const STEP_LIMIT_MS = 20 * 60_000;
/** An end that was asked for comes within so long, outages and hosts that are down included. */
const STOPPED_WITHIN_MS = 90 * 60_000;
/** A run that nobody waits for is found and ended within so long. */
const STRAY_LIMIT_MS = 2 * 3_600_000;
/** A longer refusal of an output is no moment any more. */
const OUTPUT_MOMENT_MS = 100_000;

/** A repaired run is active because a person made it so, behind the app's back. */
const counts = (run: ModelRun): boolean => isActive(run) && !run.foreign && !run.repaired && !run.fate.stray;

/** Looks at everything that is written and started, at the moment it happens, and says what must not be. */
export class Watch implements JobsWatcher {
  readonly view: LedgerView = { runs: new Map(), generations: new Map(), drops: new Map() };
  private readonly byToken = new Map<string, ModelRun>();
  private readonly owned: ModelRun[] = [];
  private lastWrite = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly deploymentId: string,
    private readonly runs: () => ReadonlyMap<number, ModelRun>,
  ) {}

  /** Virtual time of the last write to a run, generation, drop or slot, and of the last removal of any row. */
  get lastWriteAt(): number {
    return this.lastWrite;
  }

  /** A row was removed: a pass of the sweeper that only tidies up is not idle either. */
  removed(): void {
    this.lastWrite = this.kernel.now;
  }

  /** A row was written. */
  wrote(row: Row, before: Row | null): void {
    const kind = kindOf(row);
    // Marks such as "scanned up to here" change all the time and mean nothing.
    if (kind !== "other" || typeof row["holder"] === "string") this.lastWrite = this.kernel.now;
    note(this.view, row);
    if (this.kernel.trace.on) this.tell(kind, row, before);
    if (kind === "run" && isClosedRun(row) && (before === null || !isClosedRun(before))) this.closed(row);
    if (kind === "generation" && row["terminal"] === true && before?.["terminal"] !== true) this.settled(row);
  }

  /** What a reader of the story wants to know of a write. */
  private tell(kind: ReturnType<typeof kindOf>, row: Row, before: Row | null): void {
    const changed = (column: string): boolean =>
      textOf(row, column) !== (before === null ? "" : textOf(before, column));
    const { trace } = this.kernel;
    if (kind === "run" && (changed("state") || changed("attempt")))
      trace.add(
        "ledger",
        `${textOf(row, "runId")} is ${textOf(row, "state")}`,
        `attempt ${textOf(row, "attempt")} ${textOf(row, "error")}`,
        "event",
      );
    if (kind === "drop" && changed("state"))
      trace.add(
        "ledger",
        `${textOf(row, "path")} ${textOf(row, "blobEtag")} is ${textOf(row, "state")}`,
        textOf(row, "reason"),
        "event",
      );
    const what = `generation ${textOf(row, "generation")} of ${textOf(row, "step")} of ${textOf(row, "runId")}`;
    if (kind === "generation" && before === null) trace.add("ledger", `intent of ${what}`, "", "event");
    else if (
      kind === "generation" &&
      (changed("databricksRunId") || changed("verdict") || row["terminal"] !== before?.["terminal"])
    )
      trace.add(
        "ledger",
        what,
        `run ${textOf(row, "databricksRunId") || "unknown"}, verdict ${textOf(row, "verdict") || "none"}`,
        "event",
      );
  }

  /** A blob of the app was written: what is frozen never changes. */
  blobChanged(path: string, now: StoredBlob | null, before: StoredBlob | null): void {
    if (before === null || /\/(exit|outcome|drafts)\/|\/run\.json$/.test(path)) return;
    if (now?.body === before.body && now.metadata["sourceetag"] === before.metadata["sourceetag"]) return;
    const runId = path.split("/")[0] ?? "";
    const frozen = textOf(this.view.runs.get(runId) ?? ({} as Row), "frozenAt") !== "";
    const ended = before.copyStatus === "pending" || before.copyStatus === "failed" || before.copyStatus === "aborted";
    if (path.endsWith("manifest.json") || frozen)
      this.kernel.violate("I2", "frozen-changed", `${path} changed after the freeze`);
    else if (now === null && !ended)
      this.kernel.violate("R3", "good-copy-deleted", `${path} was a good copy and was deleted`);
  }

  started(run: ModelRun, repeat: boolean): void {
    if (run.foreign) return;
    const { token } = run;
    const runId = run.parameters["run_id"] ?? "";
    if (token === null) {
      this.kernel.violate("I3", "run-without-token", `run ${run.runId} was started without a token`);
      return;
    }
    if (repeat) return;
    this.byToken.set(token, run);
    // Nothing keeps a call from arriving after all looks for it: what has to hold is that its run is found and ended.
    if (run.fate.stray) return;
    this.owned.push(run);
    this.intended(run, token, runId);
    this.repeated(run, runId);
    const others = this.owned.filter((other) => other !== run && counts(other));
    const twin = others.find((other) => other.parameters["run_id"] === runId && other.jobName === run.jobName);
    if (twin)
      this.kernel.violate(
        "I3",
        "step-runs-twice",
        `runs ${twin.runId} and ${run.runId} of ${run.jobName} for ${runId} are active at once`,
      );
    const writers = others.filter((other) => WRITERS.has(other.jobName) && other.parameters["run_id"] !== runId);
    if (WRITERS.has(run.jobName) && writers[0])
      this.kernel.violate(
        "I4",
        "two-writers",
        `${runId} starts ${run.jobName} while ${String(writers[0].parameters["run_id"])} runs ${writers[0].jobName}`,
      );
    if (!Object.values(run.parameters).includes(this.deploymentId))
      this.kernel.violate(
        "R4",
        "parameters-without-deployment",
        `the job parameters of run ${run.runId} do not say whose it is`,
      );
    const ledgerRun = this.view.runs.get(runId);
    if (ledgerRun && isClosedRun(ledgerRun))
      this.kernel.violate(
        "I6",
        "started-when-closed",
        `run ${run.runId} begins although ${runId} is ${textOf(ledgerRun, "state")}`,
      );
  }

  /** I8: a repeated step gets the inputs that it had, or the tables would change. */
  private repeated(run: ModelRun, runId: string): void {
    const same = (other: ModelRun): boolean => other.parameters["run_id"] === runId && other.jobName === run.jobName;
    const before = this.owned.find((other) => other !== run && same(other));
    if (before && JSON.stringify(before.parameters) !== JSON.stringify(run.parameters))
      this.kernel.violate(
        "I8",
        "repeated-with-other-inputs",
        `run ${run.runId} of ${run.jobName} for ${runId} has other parameters than run ${before.runId}`,
      );
  }

  /** A run that was deleted under us is for a person to look at. */
  private restarted(run: ModelRun, intent: Row): void {
    const before = this.view.generations.get(
      `${textOf(intent, "runId")} ${textOf(intent, "ordinal")} ${Number(intent["generation"]) - 1}`,
    );
    if (before && before["attempt"] === intent["attempt"] && textOf(before, "verdict").includes('"deleted"'))
      this.kernel.violate("I5", "restarted-after-deleted", `run ${run.runId} takes the place of one that was deleted`);
  }

  private intended(run: ModelRun, token: string, runId: string): void {
    const intent = [...this.view.generations.values()].find((row) => row["idempotencyToken"] === token);
    if (!intent)
      this.kernel.violate(
        "I3",
        "started-without-intent",
        `run ${run.runId} was started without an intent in the ledger`,
      );
    else this.restarted(run, intent);
    if (intent?.["terminal"] === true)
      this.kernel.violate(
        "R1",
        "started-after-terminal",
        `the ledger calls the generation terminal (${textOf(intent, "verdict")}), and run ${run.runId} of it begins (${runId})`,
      );
  }

  cancelled(run: ModelRun): void {
    if (run.foreign)
      this.kernel.violate("I6", "foreign-run-cancelled", `run ${run.runId} is not ours and was cancelled`);
  }

  ended(run: ModelRun): void {
    // When the clock jumped, hours passed in a moment.
    if (run.foreign || run.repaired || this.kernel.counts.has("plan jump")) return;
    const row = this.view.runs.get(run.parameters["run_id"] ?? "");
    const asked = row ? Date.parse(textOf(row, "cancelRequestedAt")) : Number.NaN;
    const lasted = run.endedAt - run.createdAt;
    if (run.fate.stray) {
      if (lasted > STRAY_LIMIT_MS)
        this.kernel.violate("I6", "stray-goes-on", `nobody waits for run ${run.runId}, and it was not ended`);
      return;
    }
    if (lasted > STEP_LIMIT_MS + STOPPED_WITHIN_MS)
      this.kernel.violate(
        "I6",
        "step-outlives-its-limit",
        `run ${run.runId} was active for ${Math.round(lasted / 60_000)} min`,
      );
    if (run.endedAt - Math.max(asked, run.createdAt) > STOPPED_WITHIN_MS)
      this.kernel.violate(
        "I6",
        "cancel-not-carried-out",
        `run ${run.runId} was active long after ${textOf(row as Row, "runId")} was cancelled`,
      );
  }

  /** The Databricks run of a generation, as far as there is one. */
  runOf(generation: Row): ModelRun | undefined {
    const id = Number(textOf(generation, "databricksRunId"));
    return (id > 0 ? this.runs().get(id) : undefined) ?? this.byToken.get(textOf(generation, "idempotencyToken"));
  }

  private settled(row: Row): void {
    const run = this.runOf(row);
    if (run?.fate.stray) return;
    const verdict = JSON.parse(textOf(row, "verdict") || "null") as { kind: string; code: string } | null;
    if (run && counts(run))
      this.kernel.violate(
        "R1",
        "terminal-while-active",
        `the ledger calls run ${run.runId} ended (${verdict?.code ?? "no verdict"}) while it is ${run.phase}`,
      );
    if (verdict?.kind === "succeeded" && !(run && isSound(run)))
      this.kernel.violate(
        "I5",
        "false-success",
        `the ledger calls run ${run?.runId ?? "?"} a success, and it ended as ${run?.fate.ending ?? "nothing"}`,
      );
    if (
      verdict?.kind === "failed" &&
      /^(EXIT_|OUTPUT_)/.test(verdict.code) &&
      run?.sound &&
      !run.repaired &&
      this.kernel.now < run.endedAt + OUTPUT_MOMENT_MS
    )
      this.kernel.violate(
        "R2",
        "false-failure",
        `the ledger calls run ${run.runId} failed (${verdict.code}) a moment after it ended well`,
      );
    if (verdict?.code === "RUN_DELETED" && run && !run.deleted)
      this.kernel.violate("R1", "false-deleted", `the ledger calls run ${run.runId} deleted, and it is there`);
    if (verdict?.code === "NEVER_STARTED" && run)
      this.kernel.violate(
        "R1",
        "false-never-started",
        `the ledger says NEVER_STARTED of run ${run.runId}, which is ${run.phase}`,
      );
    // A run that a person deleted before its id was known leaves no trace.
    if (verdict?.code === "RUN_NOT_SEEN" && run && !run.deleted)
      this.kernel.violate(
        "R1",
        "false-not-seen",
        `the ledger says that nobody saw run ${run.runId}, which is ${run.phase}`,
      );
  }

  private closed(row: Row): void {
    const runId = textOf(row, "runId");
    const active = this.owned.find((run) => counts(run) && run.parameters["run_id"] === runId);
    if (active)
      this.kernel.violate(
        "I6",
        "closed-while-active",
        `${runId} is closed as ${textOf(row, "state")} while run ${active.runId} is ${active.phase}`,
      );
    if (textOf(row, "state") !== "succeeded") return;
    const definition = JSON.parse(textOf(row, "definition")) as { steps: unknown[] };
    for (const ordinal of definition.steps.keys()) {
      const last = [...this.view.generations.values()]
        .filter((own) => textOf(own, "runId") === runId && own["ordinal"] === ordinal)
        .at(-1);
      if (!last || !textOf(last, "verdict").includes('"succeeded"'))
        this.kernel.violate("I5", "success-without-proof", `${runId} succeeded, and its step ${ordinal} did not`);
    }
  }
}

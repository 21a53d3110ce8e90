import { COLLECTOR, PIPELINE_RUN, WAKE } from "../domain/function-names";
import { collectorInstanceId, newRunId, parseRunId, parseRunInstanceId, runInstanceId } from "../domain/ids";
import type { PipelineDefinition, PipelineDefinitions } from "../domain/pipeline-definition";
import { retryFault } from "../domain/run-actions";
import { decideRequest, workKeyOf, workText } from "../domain/run-request";
import { sha256 } from "../domain/tokens";
import { normaliseWindow, windowSchema, type Window } from "../domain/window";
import { contend, OVERTAKEN, type Pause } from "./contention";
import { countDrops, listDrops } from "./drops/drop-lists";
import type { DropStore } from "./drops/drop-store";
import { routeOrphans, type RoutedDrops } from "./drops/route-orphans";
import {
  InvalidRequestError,
  RequestConflictError,
  RunNotInLedgerError,
  RunStateError,
  UnknownPipelineError,
} from "./errors";
import type { GenerationStore } from "./generation-store";
import { listRuns, withSteps } from "./run-lists";
import { emptyBatch } from "./run-rows";
import type { RegistryStore } from "./registry-store";
import type { RequestedRun, RunRequest, RunRequests } from "./run-requests";
import type { RunPointer, RunStore, StoredRun } from "./run-store";
import type { SlotStore } from "./slot-store";
import { isClosed, type RunRecord } from "../domain/run";
import { waitingOf, type QueuePlace } from "../domain/waiting";
import type { OrchestrationStarter } from "../domain/orchestration-starter";

/** What run requests are made of. */
export interface RunRequestDeps {
  readonly definitions: PipelineDefinitions;
  readonly runs: RunStore;
  readonly generations: GenerationStore;
  readonly drops: DropStore;
  readonly registry: RegistryStore;
  readonly slots: SlotStore;
  readonly now: () => Date;
  readonly pause: Pause;
  readonly deploymentId: string;
  /** Eight hexadecimal digits, new at every call. */
  readonly randomHex: () => string;
}

/** A request in its normal form. */
interface Wanted {
  readonly request: RunRequest;
  readonly definition: PipelineDefinition;
  readonly window: Window | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly aliasKey: string;
  readonly fingerprint: string;
  readonly workKey: string;
}

function normalise(request: RunRequest, definitions: PipelineDefinitions): Wanted {
  const definition = definitions.get(request.pipeline);
  if (!definition) throw new UnknownPipelineError(request.pipeline, [...definitions.keys()]);
  const faults: string[] = [];
  const parsed = request.window ? windowSchema.safeParse(request.window) : null;
  if (parsed && !parsed.success)
    faults.push(...parsed.error.issues.map((issue) => `window.${issue.path.join(".")}: ${issue.message}`));
  const known = new Set(definition.steps.flatMap((step) => Object.keys(step.parameters)));
  const parameters = Object.fromEntries(Object.entries(request.parameters ?? {}).sort());
  for (const name of Object.keys(parameters)) {
    if (!known.has(name))
      faults.push(
        `parameters.${name}: no step of ${definition.name} has it; known: ${[...known].join(", ") || "none"}`,
      );
  }
  if (faults.length > 0) throw new InvalidRequestError(faults);
  const window = request.window ? normaliseWindow(request.window) : null;
  const work = workText(window, parameters);
  return {
    request,
    definition,
    window,
    parameters,
    aliasKey: sha256(request.alias),
    fingerprint: sha256(`${work}|${request.rerun === true}`),
    workKey: workKeyOf(window, parameters),
  };
}

class LedgerRunRequests implements RunRequests {
  constructor(private readonly deps: RunRequestDeps) {}

  async requestRun(request: RunRequest, starter: OrchestrationStarter): Promise<RequestedRun> {
    const wanted = normalise(request, this.deps.definitions);
    await this.deps.registry.registerAll(this.deps.definitions);
    const what = `request "${request.alias}" of ${request.pipeline}`;
    const requested = await contend(what, this.deps.pause, async () => this.decide(wanted));
    if (requested.run.state === "requested") await this.start(requested.run, starter);
    return requested;
  }

  async pipelines(): Promise<readonly string[]> {
    return [...new Set([...this.deps.definitions.keys(), ...(await this.deps.registry.pipelines())])].sort();
  }

  async listRuns(filter: Parameters<RunRequests["listRuns"]>[0]): ReturnType<RunRequests["listRuns"]> {
    return listRuns(this.deps.runs, filter.pipeline === undefined ? await this.pipelines() : [filter.pipeline], filter);
  }

  async getRun(runId: string): Promise<RunRecord | null> {
    const stored = await this.deps.runs.find(runId);
    if (stored === null) return null;
    const generations = await this.deps.generations.list(runId);
    const waiting = waitingOf(stored.run, stored.definition, generations, await this.placeOf(stored));
    return { ...withSteps(stored, generations), waiting };
  }

  async cancelRun(runId: string, starter: OrchestrationStarter): Promise<RunRecord> {
    await this.known(runId);
    const run = await this.deps.runs.change(runId, (current) => {
      if (isClosed(current.state)) {
        if (current.state === "cancelled") return null;
        throw new RunStateError(runId, current.state, "cancelled");
      }
      return current.cancelRequestedAt === null ? { cancelRequestedAt: this.deps.now().toISOString() } : null;
    });
    if (!isClosed(run.state)) await this.wake(run, starter);
    return (await this.getRun(runId)) ?? run;
  }

  async retryRun(runId: string, starter: OrchestrationStarter): Promise<RequestedRun> {
    await this.known(runId);
    let created = false;
    const run = await this.deps.runs.change(runId, (current) => {
      created = false;
      if (!isClosed(current.state) && current.attempt > 1) return null;
      const fault = retryFault(current);
      if (fault !== null) throw new RunStateError(runId, fault, "retried");
      created = true;
      const at = this.deps.now().toISOString();
      return {
        state: "requested",
        attempt: current.attempt + 1,
        requestedAt: at,
        endedAt: null,
        error: null,
        cancelRequestedAt: null,
      };
    });
    if (run.state === "requested") await this.start(run, starter);
    return { run: (await this.getRun(runId)) ?? run, created };
  }

  async countDrops(pipeline: string): ReturnType<RunRequests["countDrops"]> {
    return countDrops(this.deps.drops, pipeline);
  }

  async listDrops(filter: Parameters<RunRequests["listDrops"]>[0]): ReturnType<RunRequests["listDrops"]> {
    const definition = this.deps.definitions.get(filter.pipeline);
    if (!definition && !(await this.pipelines()).includes(filter.pipeline))
      throw new UnknownPipelineError(filter.pipeline, [...this.deps.definitions.keys()]);
    return listDrops(this.deps.drops, definition ?? null, filter);
  }

  async routeDrops(from: string, to: string, starter: OrchestrationStarter): Promise<RoutedDrops> {
    const { definitions, drops } = this.deps;
    const taker = definitions.get(to);
    if (!taker) throw new UnknownPipelineError(to, [...definitions.keys()]);
    if (definitions.has(from))
      throw new InvalidRequestError([`pipeline ${from} is still defined: its drops wait for its own next batch`]);
    const result = await routeOrphans(drops, from, taker);
    if (result.routed > 0) await starter.start(COLLECTOR, collectorInstanceId(to), { pipeline: to });
    return result;
  }

  async wakeStepOf(databricksRunId: string, starter: OrchestrationStarter): Promise<boolean> {
    const owner = await this.deps.generations.ownerOf(databricksRunId);
    const run = owner && (await this.deps.runs.get(owner.runId));
    if (!run || isClosed(run.state)) return false;
    await starter.raise(runInstanceId(run.runId, run.attempt), WAKE);
    return true;
  }

  private async decide(wanted: Wanted): Promise<RequestedRun | typeof OVERTAKEN> {
    const { request, aliasKey, fingerprint, workKey } = wanted;
    const { runs } = this.deps;
    const alias = await runs.alias(request.pipeline, aliasKey);
    const pointer = alias === null ? await runs.work(request.pipeline, workKey) : null;
    const work = pointer && (await runs.get(pointer.runId));
    const { reason, rerun = false } = request;
    const decision = decideRequest({ fingerprint, reason, rerun, alias, work });
    switch (decision.kind) {
      case "answer": {
        const run = await runs.get(decision.runId);
        if (run !== null) return { run, created: false };
        // Retention removed the run, and with it what the alias stood for.
        if (alias !== null) await runs.forgetAlias(request.pipeline, aliasKey, alias);
        return OVERTAKEN;
      }
      case "refuse":
        throw new RequestConflictError(request.alias, decision.runId);
      case "join": {
        const { run } = decision;
        return (await runs.addAlias(run, aliasKey, fingerprint)) ? { run, created: false } : OVERTAKEN;
      }
      case "create":
        return this.insert(wanted, pointer);
    }
  }

  /** Inserts a new run in place of exactly that one whose work was judged; whoever is slower judges again. */
  private async insert(wanted: Wanted, replaces: RunPointer | null): Promise<RequestedRun | typeof OVERTAKEN> {
    const { request, definition, window, parameters, aliasKey, fingerprint, workKey } = wanted;
    const at = this.deps.now();
    const runId = newRunId(request.pipeline, at, this.deps.randomHex());
    const run: Omit<RunRecord, "etag" | "steps" | "waiting"> = {
      runId,
      pipeline: request.pipeline,
      state: "requested",
      reason: request.reason,
      window,
      alias: request.alias,
      rerun: request.rerun === true,
      requestedBy: request.requestedBy ?? null,
      deploymentId: this.deps.deploymentId,
      parameters,
      attempt: 1,
      requestedAt: at.toISOString(),
      createdAt: at.toISOString(),
      startedAt: null,
      frozenAt: null,
      endedAt: null,
      cancelRequestedAt: null,
      batch: emptyBatch(),
      error: null,
      manifestDraft: null,
      retakeOf: null,
      retakes: 0,
      supersededBy: null,
    };
    const made = await this.deps.runs.create({ run, definition, aliasKey, fingerprint, workKey }, replaces);
    const stored = made ? await this.deps.runs.get(runId) : null;
    return stored === null ? OVERTAKEN : { run: stored, created: true };
  }

  /** Where a queued run stands; nobody else is asked about. */
  private async placeOf({ run, definition: { concurrencyGroup: group } }: StoredRun): Promise<QueuePlace> {
    if (run.state !== "queued") return { group, position: null, holder: null };
    const { holder, waiting } = await this.deps.slots.inspect(group);
    const place = waiting.indexOf(runInstanceId(run.runId, run.attempt));
    const held = holder === null ? null : (parseRunInstanceId(holder)?.runId ?? holder);
    return { group, position: place < 0 ? null : place + 1, holder: held };
  }

  private async start(run: RunRecord, starter: OrchestrationStarter): Promise<void> {
    await starter.start(PIPELINE_RUN, runInstanceId(run.runId, run.attempt), {
      runId: run.runId,
      attempt: run.attempt,
    });
  }

  private async wake(run: RunRecord, starter: OrchestrationStarter): Promise<void> {
    await starter.raise(runInstanceId(run.runId, run.attempt), WAKE);
  }

  private async known(runId: string): Promise<void> {
    if (parseRunId(runId) === null || (await this.deps.runs.get(runId)) === null) throw new RunNotInLedgerError(runId);
  }
}

/** Builds the run requests over the ledger's stores. */
export function createRunRequests(deps: RunRequestDeps): RunRequests {
  return new LedgerRunRequests(deps);
}

/** Base of the ledger's refusals; each is the caller's fault, never the storage's. */
export class LedgerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The tables of this prefix hold the ledger of another deployment. */
export class LedgerOwnershipError extends LedgerError {
  constructor(
    readonly tablePrefix: string,
    readonly owner: string,
    deploymentId: string,
  ) {
    super(
      `the ledger tables "${tablePrefix}…" belong to deployment "${owner}", and this is "${deploymentId}": ` +
        `set LEDGER_TABLE_PREFIX to another prefix, or DEPLOYMENT_ID to "${owner}" if this app takes its place`,
    );
  }
}

/** The pipeline has no definition. */
export class UnknownPipelineError extends LedgerError {
  constructor(
    readonly pipeline: string,
    readonly known: readonly string[],
  ) {
    super(`unknown pipeline "${pipeline}"; known: ${known.join(", ") || "none"}`);
  }
}

/** The alias (Idempotency-Key) was used for another request before. */
export class RequestConflictError extends LedgerError {
  constructor(
    readonly alias: string,
    readonly runId: string,
  ) {
    super(`"${alias}" was already used for another request (run ${runId})`);
  }
}

/** The request asks for something the definition does not allow. */
export class InvalidRequestError extends LedgerError {
  constructor(readonly faults: readonly string[]) {
    super(faults.join("; "));
  }
}

/** No run of this id is in the ledger. */
export class RunNotInLedgerError extends LedgerError {
  constructor(readonly runId: string) {
    super(`no run ${runId} in the ledger`);
  }
}

/** Nothing in quarantine has this id, or it is not what the caller takes it for. */
export class QuarantineItemError extends LedgerError {
  constructor(
    readonly id: string,
    readonly why: "unknown" | "gone" | "decided" | "unfit",
    detail: string,
  ) {
    super(`${id} ${detail}`);
  }
}

/** The run's state does not allow what was asked. */
export class RunStateError extends LedgerError {
  constructor(
    readonly runId: string,
    readonly state: string,
    action: string,
  ) {
    super(`run ${runId} is ${state} and cannot be ${action}`);
  }
}

/** Numbers of the actions that the JavaScript library returns from an episode. */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

/** Retry options of an activity or sub-orchestration call. */
export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

/** A durable HTTP request. */
export interface DurableHttpRequest {
  method: string;
  uri: string;
  content?: string;
  headers?: Record<string, string>;
  tokenSource?: unknown;
  asynchronousPatternEnabled?: boolean;
}

/** One action; which fields are set depends on the type. */
export interface Action {
  actionType: number;
  functionName?: string;
  instanceId?: string;
  input?: unknown;
  version?: string;
  retryOptions?: RetryOptions;
  fireAt?: Date | string;
  isCanceled?: boolean;
  externalEventName?: string;
  operation?: string;
  httpRequest?: DurableHttpRequest;
  compoundActions?: Action[];
  lockRequestId?: string;
  lockSet?: { name: string; key: string }[];
}

/** What an orchestrator function returns for one episode. */
export interface OrchestratorState {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
  failureDetails?: unknown;
}

/**
 * The atomic actions in the order in which the library first schedules them. An action object that appears again, because the
 * orchestrator put a task into a second `Task.any`, counts once.
 */
export function atomsOf(actions: readonly Action[]): Action[] {
  const found = new Set<Action>();
  collect(actions, found);
  return [...found];
}

function collect(actions: readonly Action[], found: Set<Action>): void {
  for (const action of actions) {
    const { actionType, compoundActions } = action;
    if (compoundActions && (actionType === ActionType.WhenAny || actionType === ActionType.WhenAll))
      collect(compoundActions, found);
    else found.add(action);
  }
}

/** What identifies an action across replays: a change means that the orchestrator is not deterministic. */
export function signatureOf(action: Action): string {
  const name = action.functionName ?? action.externalEventName ?? action.httpRequest?.uri ?? action.operation ?? "";
  return `${String(action.actionType)}:${name}`;
}

/** What a caller can do about a kind of problem. */
export interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
}

const LATER =
  "Nothing was lost: send the same request again, with the same Idempotency-Key. The health names the cause.";

/** Every problem that a caller can meet. The keys are stable; they end the `type` URN. */
export const PROBLEM_TYPES = {
  "invalid-request": {
    status: 400,
    title: "Invalid request",
    remedy: "Mend what errors[] names, each by its place, and send it again.",
  },
  unauthorised: { status: 401, title: "Unauthorised", remedy: "Send the user and password of the webhook's settings." },
  "not-signed-in": { status: 401, title: "Not signed in", remedy: "Sign in with Entra, or send a token for the app." },
  "cross-site": {
    status: 403,
    title: "Asked for by a page of another site",
    remedy: "Use the command, a tool of your own, or a page that this app serves.",
  },
  forbidden: {
    status: 403,
    title: "The role is not enough",
    remedy: "Ask for the app role that the detail names: reader, operator or admin, each with all of the one before.",
  },
  "unknown-path": { status: 404, title: "Unknown path", remedy: "Look at /api/docs: it lists every path." },
  "method-not-allowed": {
    status: 405,
    title: "The path does not take this method",
    remedy: "Send one of the methods of the Allow header; /api/docs says what each does.",
  },
  "unknown-pipeline": { status: 404, title: "Unknown pipeline", remedy: "List the pipelines; the detail names them." },
  "no-predictions": {
    status: 404,
    title: "There are no predictions",
    remedy:
      "Ask for a run of the pipeline that scores, or look at its last ones: a run without a champion scores nothing.",
  },
  "not-frozen": {
    status: 404,
    title: "The run has no batch yet",
    remedy: "Look at the run: its batch is frozen when it gets its slot, and a run that ended before that has none.",
  },
  "unknown-run": { status: 404, title: "Unknown run", remedy: "List the runs, and copy the id from there." },
  "unknown-quarantine-item": {
    status: 404,
    title: "Not in quarantine",
    remedy: "List the quarantine of the pipeline, and copy the id from there.",
  },
  "unknown-backfill": { status: 404, title: "Unknown backfill", remedy: "List the backfills of the pipeline." },
  "unknown-document": {
    status: 404,
    title: "Unknown document",
    remedy:
      "A run writes documents when its step succeeds: look at the run, and at its folder in the results container.",
  },
  "webhook-off": {
    status: 404,
    title: "The webhook is switched off",
    remedy: "Set DATABRICKS_WEBHOOK_USER and DATABRICKS_WEBHOOK_PASSWORD, or leave it: runs are polled as well.",
  },
  "request-in-flight": {
    status: 409,
    title: "The first request with this key is still at work",
    remedy: "Wait as Retry-After says, and send the same request again: it then gets the first one's answer.",
  },
  "run-state": {
    status: 409,
    title: "The run's state does not allow this",
    remedy: "Look at the run: its state says what may be done with it.",
  },
  "quarantine-item-state": {
    status: 409,
    title: "This cannot be done with the item any more, or not yet",
    remedy:
      "The detail says why: it was decided before, its export is gone, or what is wrong with it has to be mended first.",
  },
  "still-active": {
    status: 409,
    title: "Databricks still lists a run as active",
    remedy: "Cancel the run, or end it in the workspace, and ask again. force goes on in spite of it.",
  },
  "activity-unknown": {
    status: 409,
    title: "Databricks cannot be asked whether a run is active",
    remedy: "Mend what the detail names and ask again, or look in the workspace and send force.",
  },
  "plan-moved": {
    status: 409,
    title: "What was planned has moved on",
    remedy: "Ask for the plan again, look at it, and send its hash.",
  },
  "slot-moved": {
    status: 409,
    title: "Another run holds the slot",
    remedy: "List the slots, and name the run that holds it now.",
  },
  "body-too-large": { status: 413, title: "The body is too large", remedy: "Send at most 256 KiB." },
  "unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    remedy: "Send JSON, with content-type application/json.",
  },
  "idempotency-key-reused": {
    status: 422,
    title: "Idempotency-Key reused",
    remedy: "Send a new key for a new request; a key belongs to one request for ever.",
  },
  internal: {
    status: 500,
    title: "Internal error",
    remedy: "Look for the traceId in the app's log; report it with the version that the health names.",
  },
  "databricks-unavailable": { status: 503, title: "Databricks is not available", remedy: LATER },
  "ledger-busy": { status: 503, title: "Many requests change the same thing at once", remedy: LATER },
  "ledger-of-another-deployment": {
    status: 503,
    title: "The ledger belongs to another deployment",
    remedy: "Set LEDGER_TABLE_PREFIX to another prefix, or DEPLOYMENT_ID to the owner that the detail names.",
  },
  "storage-unavailable": { status: 503, title: "The storage account is not available", remedy: LATER },
} as const satisfies Readonly<Record<string, ProblemType>>;

export type ProblemCode = keyof typeof PROBLEM_TYPES;

/** Problems that any operation may answer with. */
export const COMMON_PROBLEMS = [
  "internal",
  "ledger-busy",
  "ledger-of-another-deployment",
  "storage-unavailable",
] as const satisfies readonly ProblemCode[];

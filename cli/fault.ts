import { EXIT } from "./exit-codes";

/** A problem as the API answers it, or one of the same form that the command itself found. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly remedy: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly traceId?: string;
}

/** Thrown to end a command with a message that says what to do. */
export class Fault extends Error {
  override readonly name = "Fault";

  constructor(
    readonly problem: ProblemBody,
    readonly exitCode: number,
  ) {
    super(problem.detail);
  }
}

/** Faults of the command's own side. */
export const OWN_FAULTS = {
  unreachable: {
    title: "The app cannot be reached",
    remedy:
      "Check the URL of the profile (`batchkeeper profiles list`); `batchkeeper start` runs the app on this machine.",
    exitCode: EXIT.unavailable,
  },
  "not-our-api": {
    title: "The answer is not from this API",
    remedy: "Check the URL of the profile: it ends with /api.",
    exitCode: EXIT.unavailable,
  },
  "no-key": {
    title: "Not allowed",
    remedy:
      "Set BATCHKEEPER_KEY to a function key (administration wants the master key), or BATCHKEEPER_TOKEN to an Entra token.",
    exitCode: EXIT.notAllowed,
  },
  "bad-argument": {
    title: "An argument is not valid",
    remedy: "Add --help to the command to see what it takes.",
    exitCode: EXIT.usage,
  },
  "unknown-profile": {
    title: "Unknown profile",
    remedy: "See `batchkeeper profiles list`, or make it with `batchkeeper profiles set NAME --url URL`.",
    exitCode: EXIT.usage,
  },
  "no-events": {
    title: "Blob events do not arrive",
    remedy:
      "Check the Event Grid subscription of the container (docs/deploy.md); meanwhile the sweeper's scan finds drops.",
    exitCode: EXIT.notWell,
  },
  "nothing-took-it": {
    title: "The drop is not scored",
    remedy: "Ask `batchkeeper why` for its story.",
    exitCode: EXIT.notWell,
  },
} as const;

/** A fault of the command's own side. */
export function ownFault(code: keyof typeof OWN_FAULTS, detail: string): Fault {
  const { title, remedy, exitCode } = OWN_FAULTS[code];
  return new Fault({ type: `urn:batchkeeper:cli:${code}`, title, status: 0, detail, remedy }, exitCode);
}

/** The fault that a refusal of the API stands for. */
export function refusal(problem: ProblemBody): Fault {
  const { status } = problem;
  const exitCode = status === 401 || status === 403 ? EXIT.notAllowed : status >= 500 ? EXIT.unavailable : EXIT.refused;
  return new Fault(problem, exitCode);
}

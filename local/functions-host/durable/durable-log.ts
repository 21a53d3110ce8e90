import { isLogged, log } from "../log";
import type { DurableConfig } from "./config";

type FunctionType = "Orchestrator" | "Activity";
type Status = "Pending" | "Running" | "Completed" | "Failed" | "Terminated";

const CATEGORY = "Host.Triggers.DurableTask";
/** Version of the Durable extension whose lines these are. */
const EXTENSION_VERSION = "3.0.0";

/** What a line says besides the function's name. */
interface Line {
  readonly instanceId: string;
  readonly name: string;
  readonly type: FunctionType;
  /** What happened, such as `started`. */
  readonly event: string;
  /** Parts between the event and the state, such as `Input: …`. */
  readonly details?: readonly string[];
  readonly state: string;
  readonly status?: Status;
  readonly taskEventId?: number;
}

/** Prints the console lines of the Durable extension, which tools and people search for. Payloads appear only when host.json asks for them. */
export class DurableLog {
  private sequence = 0;

  constructor(private readonly config: DurableConfig) {}

  scheduled(instanceId: string, name: string, type: FunctionType, reason: string): void {
    const details = [`Reason: ${reason}`, "IsReplay: False"];
    this.print({ instanceId, name, type, event: "scheduled", details, state: "Scheduled", status: "Pending" });
  }

  started(instanceId: string, name: string, type: FunctionType, input: string | null, taskEventId = -1): void {
    const details = ["IsReplay: False", `Input: ${this.payload(input)}`];
    this.print({ instanceId, name, type, event: "started", details, state: "Started", status: "Running", taskEventId });
  }

  /** The orchestrator was run again over its history. */
  replayed(instanceId: string, name: string, input: string | null): void {
    if (!this.config.tracesReplays) return;
    const details = ["IsReplay: True", `Input: ${this.payload(input)}`];
    const line = { instanceId, name, type: "Orchestrator", event: "started", details, state: "Started" } as const;
    this.print({ ...line, status: "Running", taskEventId: -1 });
  }

  awaited(instanceId: string, name: string): void {
    this.print({
      instanceId,
      name,
      type: "Orchestrator",
      event: "awaited",
      details: ["IsReplay: False"],
      state: "Awaited",
    });
  }

  /** The orchestrator waits for an external event. */
  listening(instanceId: string, name: string, eventName: string): void {
    const details = [`Reason: WaitForExternalEvent:${eventName}`, "IsReplay: False"];
    this.print({ instanceId, name, type: "Orchestrator", event: "is waiting for input", details, state: "Listening" });
  }

  completed(
    instanceId: string,
    name: string,
    type: FunctionType,
    output: string | null,
    continued = false,
    taskEventId = -1,
  ): void {
    const shown = continued ? "True" : "False";
    const details = [`ContinuedAsNew: ${shown}`, "IsReplay: False", `Output: ${this.payload(output)}`];
    this.print({
      instanceId,
      name,
      type,
      event: "completed",
      details,
      state: "Completed",
      status: "Completed",
      taskEventId,
    });
  }

  failed(instanceId: string, name: string, type: FunctionType, reason: string, taskEventId = -1): void {
    const details = [`Reason: ${reason}`, "IsReplay: False"];
    const line = { instanceId, name, type, event: "failed with an error", details, state: "Failed" } as const;
    this.print({ ...line, status: "Failed", taskEventId }, "error");
  }

  terminated(instanceId: string, name: string, reason: string | null): void {
    const details = [`Reason: ${this.payload(reason)}`];
    const line = {
      instanceId,
      name,
      type: "Orchestrator",
      event: "was terminated",
      details,
      state: "Terminated",
    } as const;
    this.print({ ...line, status: "Terminated" }, "warning");
  }

  /** An external event was queued. */
  raised(instanceId: string, name: string, eventName: string): void {
    const event = `received a '${eventName}' event`;
    this.print({ instanceId, name, type: "Orchestrator", event, state: "ExternalEventRaised" });
  }

  timerExpired(instanceId: string, name: string, fireAt: string): void {
    const event = `was resumed by a timer scheduled for '${fireAt}'`;
    this.print({ instanceId, name, type: "Orchestrator", event, details: ["IsReplay: False"], state: "TimerExpired" });
  }

  suspended(instanceId: string, name: string, suspended: boolean, reason: string | null): void {
    const [verb, state] = suspended ? ["Suspending", "Suspended"] : ["Resuming", "Scheduled"];
    this.write(
      `${instanceId}: ${verb} function '${name} (Orchestrator)'. Reason: ${this.payload(reason)}. State: ${state}.`,
      "information",
    );
  }

  rewound(instanceId: string, name: string, reason: string | null): void {
    const details = [`Reason: ${this.payload(reason)}`];
    this.print({ instanceId, name, type: "Orchestrator", event: "was rewound", details, state: "Rewound" }, "warning");
  }

  /** The instance waits for a worker of another version. */
  rejected(instanceId: string, name: string, why: string): void {
    log("warning", `${instanceId}: Function '${name} (Orchestrator)' waits for another worker: ${why}.`, CATEGORY);
  }

  private print(line: Line, level: "information" | "warning" | "error" = "information"): void {
    if (!isLogged(level, CATEGORY)) return;
    const { instanceId, name, type, event, details = [], state, status, taskEventId } = line;
    const parts = [`${instanceId}: Function '${name} (${type})' ${event}`, ...details, `State: ${state}`];
    if (status) parts.push(`RuntimeStatus: ${status}`);
    this.write(`${parts.join(". ")}.`, level, taskEventId === undefined ? "" : ` TaskEventId: ${taskEventId}`);
  }

  private write(text: string, level: "information" | "warning" | "error", tail = ""): void {
    if (!isLogged(level, CATEGORY)) return;
    const app = process.env["WEBSITE_SITE_NAME"] ?? "";
    const slot = process.env["WEBSITE_SLOT_NAME"] ?? "";
    const where = `HubName: ${this.config.hubName}. AppName: ${app}. SlotName: ${slot}. ExtensionVersion: ${EXTENSION_VERSION}.`;
    log(level, `${text} ${where} SequenceNumber: ${this.sequence++}.${tail}`, CATEGORY);
  }

  private payload(text: string | null): string {
    return this.config.tracesPayloads ? (text ?? "(null)") : `(Redacted ${String((text ?? "").length)} characters)`;
  }
}

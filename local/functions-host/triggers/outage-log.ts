import { log, messageOf } from "../log";

/** One console line for the first failure of a kind, and one when it is over. */
export class OutageLog {
  private open = false;

  constructor(private readonly subject: string) {}

  failed(error: unknown): void {
    if (!this.open)
      log(
        "warning",
        `${this.subject} cannot be reached; trying again until it can: ${messageOf(error).split("\n")[0] ?? ""}`,
      );
    this.open = true;
  }

  recovered(): void {
    if (this.open) log("information", `${this.subject} can be reached again`);
    this.open = false;
  }
}

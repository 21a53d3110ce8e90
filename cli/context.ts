import type { CommandContext } from "@stricli/core";

/** Where a command writes. */
export interface Output {
  write(text: string): void;
  /** True on a terminal: tables, colours and live lines. Else plain lines, one per item. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command gets from the process around it. */
export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: Output;
    readonly stderr: Output;
    /** Set by a command that was carried out and found something not well. */
    exitCode?: number | string | null;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

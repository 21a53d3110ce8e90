/** How a notebook failed, as far as Databricks tells. */
export interface NotebookError {
  /** Exception and its message. */
  readonly message: string;
  /** Cell or file of the notebook, with the line: where the failing call was made. */
  readonly cell: string | null;
  /** The end of the trace, where the exception was raised. */
  readonly trace: string | null;
}

const TRACE_END = 2000;

/** First frame of the notebook itself, as IPython and as Python write it; `<command-1>` is a cell. */
const FRAMES: readonly RegExp[] = [
  /File <command-(?<cell>\d+)(?:-\d+)?>, line (?<line>\d+)/,
  /<command-(?<cell>\d+)(?:-\d+)?>:(?<line>\d+)/,
  /<command-(?<cell>\d+)(?:-\d+)?> in (?:<module>|<cell line: (?<line>\d+)>)/,
  /File "(?:[^"]*\/)?(?<file>[^"/]+)", line (?<line>\d+), in <module>/,
  /File (?:\S*\/)?(?<file>[^\s/:]+):(?<line>\d+), in <module>/,
];

function cellOf(trace: string): string | null {
  for (const frame of FRAMES) {
    const found = frame.exec(trace)?.groups;
    if (!found) continue;
    const place = found["file"] ?? `cell ${found["cell"] ?? ""}`;
    return found["line"] === undefined ? place : `${place}, line ${found["line"]}`;
  }
  return null;
}

/** The last lines of the trace, whole, within the bound. */
function endOf(trace: string): string {
  const text = trace.trimEnd();
  if (text.length <= TRACE_END) return text;
  const end = text.slice(-TRACE_END);
  return `…\n${end.slice(end.indexOf("\n") + 1)}`;
}

/** Reads what `runs/get-output` gives of a failed notebook; null when it gives nothing. */
export function notebookError(error: string | undefined, trace: string | undefined): NotebookError | null {
  if (error === undefined && !trace) return null;
  const last = trace?.trimEnd().split("\n").at(-1) ?? "";
  return { message: error ?? last, cell: trace ? cellOf(trace) : null, trace: trace ? endOf(trace) : null };
}

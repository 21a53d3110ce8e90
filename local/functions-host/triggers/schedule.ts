import { Cron } from "croner";
import { HostError, messageOf } from "../log";
import { parseTimeSpan } from "../time-span";

/** When a timer function runs. */
export interface Schedule {
  /** The first occurrence after `after` (ms), or undefined when there is none. */
  next(after: number): number | undefined;
  /** Whether runs are closer together than a minute (then they are not monitored). */
  readonly frequent: boolean;
}

/** Parses NCRONTAB (five or six fields) or a constant interval `[d.]hh:mm:ss`. Throws HostError naming the function. */
export function parseSchedule(expression: string, functionName: string): Schedule {
  const interval = expression.includes(":") ? parseTimeSpan(expression) : undefined;
  if (interval !== undefined) return constant(interval, expression, functionName);
  try {
    const timezone = process.env["WEBSITE_TIME_ZONE"];
    const cron = new Cron(expression, {
      paused: true,
      domAndDow: true,
      mode: "5-or-6-parts",
      ...(timezone ? { timezone } : {}),
    });
    const next = (after: number): number | undefined => cron.nextRun(new Date(after))?.getTime();
    const first = next(Date.now());
    const second = first === undefined ? undefined : next(first);
    return { next, frequent: first !== undefined && second !== undefined && second - first < 60_000 };
  } catch (error) {
    throw new HostError(
      `timer function ${functionName}: schedule "${expression}" is not valid NCRONTAB: ${messageOf(error)}`,
    );
  }
}

function constant(interval: number, expression: string, functionName: string): Schedule {
  if (interval <= 0)
    throw new HostError(`timer function ${functionName}: interval "${expression}" must be longer than zero`);
  return { next: (after) => after + interval, frequent: interval < 60_000 };
}

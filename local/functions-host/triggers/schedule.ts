import { Cron } from "croner";
import { HostError, messageOf } from "../log";

/** When a timer function runs. */
export interface Schedule {
  /** The first occurrence after `after` (ms), or undefined when there is none. */
  next(after: number): number | undefined;
  /** Whether runs are closer together than a minute (then they are not monitored). */
  readonly frequent: boolean;
}

const TIME_SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/** Parses NCRONTAB (five or six fields) or a constant interval `[d.]hh:mm:ss`. Throws HostError naming the function. */
export function parseSchedule(expression: string, functionName: string): Schedule {
  const span = TIME_SPAN.exec(expression.trim());
  if (span) return constant(span, expression, functionName);
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

function constant(span: RegExpExecArray, expression: string, functionName: string): Schedule {
  const [, days, hours, minutes, seconds] = span.map((part) => Number(part ?? 0));
  const interval = ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
  if (interval <= 0)
    throw new HostError(`timer function ${functionName}: interval "${expression}" must be longer than zero`);
  return { next: (after) => after + interval, frequent: interval < 60_000 };
}

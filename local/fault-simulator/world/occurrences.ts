/** What of `croner` the app asks. */
export interface CronMethods {
  nextRun(after?: Date | string | null): Date | null;
  previousRuns(count: number, before?: Date | string): Date[];
}

/** The module of the library. */
export interface CronModule {
  readonly Cron: { readonly prototype: CronMethods };
}

/** Between two neighbouring occurrences every question has the same answer. */
interface Span {
  readonly after: number;
  readonly until: number;
  readonly times: readonly number[];
}

const HOUR = 3_600_000;

/** Answers by the hour that was asked about. */
class Spans {
  private readonly known = new Map<number, Span[]>();

  find(at: number): Span | undefined {
    return this.known.get(Math.floor(at / HOUR))?.find(({ after, until }) => after <= at && at < until);
  }

  add(at: number, span: Span): void {
    const hour = Math.floor(at / HOUR);
    this.known.set(hour, [...(this.known.get(hour) ?? []), span]);
  }
}

/**
 * The app asks for the same few occurrences in every schedule, and the sweeper in every minute; to search for them anew took a tenth of
 * the time. What is remembered is what the library answered.
 */
export function rememberOccurrences(methods: CronMethods): void {
  const nextRun: unknown = Reflect.get(methods, "nextRun");
  const previousRuns: unknown = Reflect.get(methods, "previousRuns");
  const searchNext = nextRun as CronMethods["nextRun"];
  const searchPrevious = previousRuns as CronMethods["previousRuns"];
  const asked = new WeakMap<object, Map<number, Spans>>();
  const spansOf = (cron: object, count: number): Spans => {
    const ofCron = asked.get(cron) ?? new Map<number, Spans>();
    asked.set(cron, ofCron);
    const spans = ofCron.get(count) ?? new Spans();
    ofCron.set(count, spans);
    return spans;
  };
  methods.nextRun = function (this: CronMethods, after) {
    if (!(after instanceof Date)) return searchNext.call(this, after);
    const at = after.getTime();
    const spans = spansOf(this, 0);
    const known = spans.find(at);
    if (known) return new Date(known.until);
    const next = searchNext.call(this, after);
    if (next) spans.add(at, { after: at, until: next.getTime(), times: [] });
    return next;
  };
  methods.previousRuns = function (this: CronMethods, count, before) {
    // The library knows whole seconds alone.
    if (!(before instanceof Date) || before.getTime() % 1000 !== 0) return searchPrevious.call(this, count, before);
    // What lies strictly before a moment: one that is an occurrence itself still belongs to the span in front of it.
    const at = before.getTime() - 1;
    const spans = spansOf(this, count);
    const known = spans.find(at);
    if (known) return known.times.map((time) => new Date(time));
    const times = searchPrevious.call(this, count, before);
    const next = searchNext.call(this, new Date(at - 999))?.getTime() ?? 0;
    spans.add(at, { after: at, until: next, times: times.map((time) => time.getTime()) });
    return times;
  };
}

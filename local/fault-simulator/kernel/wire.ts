import type { Kernel } from "./kernel";

/** What the wire may do to a call. `repeat`: the effect takes place twice and the second answer comes back, as after a retry of the SDK. */
export type WireFault = "none" | "refuse" | "lose" | "repeat" | "slow";

/** Where calls go. */
export type PortName = "table" | "blob" | "jobs" | "durable" | "notifier";

/** How often each fault befalls the calls of a port, of 1. */
export type FaultRates = Readonly<Partial<Record<Exclude<WireFault, "none">, number>>>;

/** A process of the app: what is in flight dies with it. */
export interface Caller {
  readonly name: string;
  readonly alive: boolean;
}

/** One call over the wire. `effect` runs at the far side, at once and undivided. */
export interface WireCall<T> {
  readonly port: PortName;
  readonly verb: string;
  /** For the trace: made only when there is one. */
  readonly what: () => string;
  readonly effect: () => T;
  /** The fault as the client of this port reports it. */
  readonly fault: (answered: boolean) => Error;
  /** Whether the SDK or the service may deliver it twice. */
  readonly repeatable?: boolean;
}

interface PortState {
  rates: FaultRates;
  readonly latencyMs: readonly [number, number];
}

/** A message that was on its way when its sender died still arrives within this time, or never. */
export const LATE_ARRIVAL_MS = 60_000;

/** A call that is waited for: its sender dies as it is sent, and it arrives late all the same. */
export interface Snare {
  matches(call: WireCall<unknown>): boolean;
  readonly lateMs: number;
  spring(): void;
  /** Told before and after it arrives. */
  readonly arriving?: (now: boolean) => void;
}

/** Carries every call between the app and what is around it, and loses, delays, repeats and reorders them by the schedule's chance. */
export class Wire {
  readonly calls: Record<PortName, number> = { table: 0, blob: 0, jobs: 0, durable: 0, notifier: 0 };
  faultsOn = true;
  /** While true, tables and blobs refuse every call. */
  storageDown = false;
  snare: Snare | null = null;
  private readonly ports: Record<PortName, PortState>;

  constructor(
    private readonly kernel: Kernel,
    rates: Readonly<Partial<Record<PortName, FaultRates>>>,
  ) {
    const port = (name: PortName, low: number, high: number): PortState => ({
      rates: rates[name] ?? {},
      latencyMs: [low, high],
    });
    this.ports = {
      table: port("table", 3, 30),
      blob: port("blob", 5, 60),
      jobs: port("jobs", 50, 900),
      durable: port("durable", 5, 80),
      notifier: port("notifier", 50, 500),
    };
  }

  call<T>(caller: Caller, call: WireCall<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!caller.alive) return;
      const { kernel } = this;
      this.calls[call.port] += 1;
      if (this.isSnared(call)) return;
      const fault = this.draw(call);
      const [low, high] = this.ports[call.port].latencyMs;
      const there = kernel.latency.skewed(low, high) * (fault === "slow" ? kernel.latency.whole(20, 400) : 1);
      if (fault !== "none") {
        kernel.count(`fault ${call.port} ${fault}`);
        if (kernel.trace.on) kernel.trace.add(caller.name, `${fault}: ${call.port} ${call.verb}`, call.what(), "fault");
      }
      const answer = (result: () => T): void => {
        if (!caller.alive) return;
        try {
          const value = result();
          if (kernel.trace.on)
            kernel.trace.add(caller.name, `${call.port} ${call.verb}`, `${call.what()} -> ${brief(value)}`);
          resolve(value);
        } catch (error) {
          if (kernel.trace.on)
            kernel.trace.add(caller.name, `${call.port} ${call.verb}`, `${call.what()} -> ${String(error)}`);
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const refused = (answered: boolean) => (): never => {
        throw call.fault(answered);
      };
      if (fault === "refuse") kernel.after(there, () => answer(refused(false)));
      else if (fault === "none" && kernel.latency.happens(0.8))
        kernel.after(there, () => this.arriveAndAnswer(caller, call, answer));
      else kernel.after(there, () => this.arrive(caller, call, fault, answer, refused(true)));
    });
  }

  private isSnared<T>(call: WireCall<T>): boolean {
    const { snare } = this;
    if (snare === null || !this.faultsOn || !snare.matches(call)) return false;
    this.snare = null;
    const { arriving = () => undefined } = snare;
    const effect = (): T => {
      arriving(true);
      try {
        return call.effect();
      } finally {
        arriving(false);
      }
    };
    this.delay({ ...call, effect }, snare.lateMs);
    snare.spring();
    return true;
  }

  /** Effect and answer at one moment: most calls, for speed. */
  private arriveAndAnswer<T>(caller: Caller, call: WireCall<T>, answer: (result: () => T) => void): void {
    if (caller.alive) answer(call.effect);
    else this.arriveLate(call);
  }

  private arrive<T>(
    caller: Caller,
    call: WireCall<T>,
    fault: WireFault,
    answer: (result: () => T) => void,
    lost: () => never,
  ): void {
    if (!caller.alive) {
      this.arriveLate(call);
      return;
    }
    let result = outcome(call.effect);
    const back = this.kernel.latency.skewed(2, 40);
    if (fault === "repeat") {
      this.kernel.after(back, () => {
        result = outcome(call.effect);
        answer(result);
      });
    } else this.kernel.after(back, () => answer(fault === "lose" ? lost : result));
  }

  /** The sender is dead: its message is lost, or arrives now or some time later. */
  private arriveLate<T>(call: WireCall<T>): void {
    const { kernel } = this;
    if (!kernel.latency.happens(0.5)) return;
    this.delay(call, kernel.latency.happens(0.7) ? 0 : kernel.latency.skewed(100, LATE_ARRIVAL_MS));
  }

  private delay<T>(call: WireCall<T>, delay: number): void {
    const { kernel } = this;
    kernel.count(`fault ${call.port} arrives after its sender's death`);
    kernel.after(delay, () => {
      if (kernel.trace.on) kernel.trace.add("wire", `arrives late: ${call.port} ${call.verb}`, call.what(), "fault");
      outcome(call.effect);
    });
  }

  private draw<T>(call: WireCall<T>): WireFault {
    if (!this.faultsOn) return "none";
    if (this.storageDown && (call.port === "table" || call.port === "blob")) return "refuse";
    const { rates } = this.ports[call.port];
    let left = this.kernel.faults.next();
    for (const kind of ["refuse", "lose", "slow", "repeat"] as const) {
      left -= rates[kind] ?? 0;
      if (left < 0) return kind === "repeat" && !call.repeatable ? "lose" : kind;
    }
    return "none";
  }
}

function outcome<T>(effect: () => T): () => T {
  try {
    const value = effect();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function brief(value: unknown): string {
  if (value === undefined) return "done";
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

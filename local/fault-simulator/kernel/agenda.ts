/** What happens at which virtual time. Of two things at the same time, the one that was planned first comes first. */
export interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A heap of appointments. */
export class Agenda {
  private readonly heap: Appointment[] = [];
  private order = 0;

  add(at: number, run: () => void): Appointment {
    const appointment = { at, order: (this.order += 1), run, cancelled: false };
    this.heap.push(appointment);
    this.rise(this.heap.length - 1);
    return appointment;
  }

  /** The next appointment that was not cancelled, taken out. */
  take(): Appointment | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined) return undefined;
      const last = this.heap.pop() as Appointment;
      if (this.heap.length > 0) {
        this.heap[0] = last;
        this.sink(0);
      }
      if (!first.cancelled) return first;
    }
  }

  /** When the next appointment is. */
  next(): number | undefined {
    while (this.heap[0]?.cancelled) this.drop();
    return this.heap[0]?.at;
  }

  private drop(): void {
    const last = this.heap.pop() as Appointment;
    if (this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  private rise(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.before(index, parent)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  private sink(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < this.heap.length && this.before(left, least)) least = left;
      if (left + 1 < this.heap.length && this.before(left + 1, least)) least = left + 1;
      if (least === index) return;
      this.swap(index, least);
      index = least;
    }
  }

  private before(one: number, other: number): boolean {
    const a = this.heap[one] as Appointment;
    const b = this.heap[other] as Appointment;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(one: number, other: number): void {
    const kept = this.heap[one] as Appointment;
    this.heap[one] = this.heap[other] as Appointment;
    this.heap[other] = kept;
  }
}

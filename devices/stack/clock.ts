/**
 * Time as the stack sees it: a number that its caller sets, and a queue of deadlines that its caller runs.
 * Nothing here reads a clock or starts a timer of the operating system.
 */

/** A point in time: milliseconds, with fractions, on a monotonic scale whose zero means nothing. */
export type Instant = number;

export const NEVER: Instant = Number.POSITIVE_INFINITY;

/** One named deadline. Re-arming is cheap: a timer that was moved stays in the queue until its old turn comes. */
export class Timer {
  /** When it fires next; {@link NEVER} while it is not armed. */
  at: Instant = NEVER;
  private readonly queue: Timers;
  private readonly run: () => void;
  /** The earliest entry that the queue holds for this timer. */
  queuedAt: Instant = NEVER;

  constructor(queue: Timers, run: () => void) {
    this.queue = queue;
    this.run = run;
  }

  get armed(): boolean {
    return this.at !== NEVER;
  }

  /** Arms or moves the deadline. */
  set(at: Instant): void {
    this.at = at;
    if (at < this.queuedAt) {
      this.queuedAt = at;
      this.queue.push(this, at);
    }
  }

  clear(): void {
    this.at = NEVER;
  }

  fire(): void {
    this.at = NEVER;
    this.run();
  }
}

/** Fewer entries than this are not worth a sweep. */
const MIN_SWEEP = 128;

interface Entry {
  at: Instant;
  /** Keeps timers of one instant in the order in which they were armed. */
  order: number;
  timer: Timer;
}

/** A binary heap of deadlines, shared by all layers and programs of one machine. */
export class Timers {
  /** The machine's present: set by whoever calls in, read by all layers. */
  now: Instant = 0;
  private heap: Entry[] = [];
  private orders = 0;
  /** When the heap has grown to this, what was cleared is thrown out: it must not hold on to what it belonged to. */
  private sweepAt = MIN_SWEEP;

  /** Entries in the queue: never more than about twice the deadlines that are armed. */
  get size(): number {
    return this.heap.length;
  }

  /** A timer that is not armed yet. */
  create(run: () => void): Timer {
    return new Timer(this, run);
  }

  /** Runs once `delayMs` from now; the returned timer can be cleared. */
  after(delayMs: number, run: () => void): Timer {
    const timer = new Timer(this, run);
    timer.set(this.now + delayMs);
    return timer;
  }

  /** The earliest deadline; {@link NEVER} when nothing is armed. */
  nextAt(): Instant {
    this.discardStale();
    return this.heap.length === 0 ? NEVER : this.heap[0].at;
  }

  /** Sets the present and runs what is due, in order of time. Time never goes back: an earlier `now` is ignored. */
  advance(now: Instant): void {
    if (now > this.now) this.now = now;
    for (;;) {
      this.discardStale();
      const first = this.heap[0];
      if (first === undefined || first.at > this.now) return;
      this.pop();
      first.timer.queuedAt = NEVER;
      first.timer.fire();
    }
  }

  /** For {@link Timer.set} alone. */
  push(timer: Timer, at: Instant): void {
    if (this.heap.length >= this.sweepAt) this.sweep();
    const entry: Entry = { at, order: this.orders++, timer };
    let index = this.heap.length;
    this.heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, this.heap[parent])) break;
      this.heap[index] = this.heap[parent];
      index = parent;
    }
    this.heap[index] = entry;
  }

  /** Throws out what no longer counts. Each entry pays for one visit, as the limit doubles with what is left. */
  private sweep(): void {
    const kept: Entry[] = [];
    for (const entry of this.heap) {
      const { timer } = entry;
      if (timer.queuedAt !== entry.at) continue;
      if (timer.armed) kept.push(entry);
      else timer.queuedAt = NEVER;
    }
    // A sorted array is a heap.
    this.heap = kept.sort((a, b) => (before(a, b) ? -1 : 1));
    this.sweepAt = Math.max(MIN_SWEEP, 2 * kept.length);
  }

  /** Drops or re-queues entries at the top whose timer was cleared or moved to later. */
  private discardStale(): void {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || (first.timer.at === first.at && first.timer.queuedAt === first.at)) return;
      this.pop();
      const { timer } = first;
      if (timer.queuedAt !== first.at) continue;
      timer.queuedAt = NEVER;
      if (timer.armed) timer.set(timer.at);
    }
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1], this.heap[child])) child += 1;
      if (!before(this.heap[child], last)) break;
      this.heap[index] = this.heap[child];
      index = child;
    }
    this.heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

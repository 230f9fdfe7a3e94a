/**
 * The time that links keep. A machine whose clock is wrong runs fast or slow with all its deadlines, but a delay of 50 ms
 * and a rate of 2 Mbit/s are properties of the cable.
 */
import { type Instant, NEVER, type Timer, type Timers } from '../clock.js';

export interface LineTimer {
  readonly armed: boolean;
  set(at: Instant): void;
  clear(): void;
}

/** Deadlines on a link; {@link Timers} are, too, where the machine's clock is right. */
export interface LineTimers {
  readonly now: Instant;
  /** A timer that is not armed yet. */
  create(run: () => void): LineTimer;
}

/** Deadlines in the time of links, kept by those of a machine. Both times are the same until the rate changes. */
export class LineClock implements LineTimers {
  private readonly timers: Timers;
  /** Both times have always been the same. */
  private isRight = true;
  /** Of the machine's seconds, so many pass in a second. */
  private rate = 1;
  /** Since when it is so, by both clocks. */
  private machineAt: Instant = 0;
  private lineAt: Instant = 0;
  /** The last deadline that has come: rounding does not put the present before it. */
  private reached: Instant = Number.NEGATIVE_INFINITY;
  private readonly armed = new Set<ConvertedTimer>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  get now(): Instant {
    if (this.isRight) return this.timers.now;
    return Math.max(this.reached, this.lineAt + (this.timers.now - this.machineAt) / this.rate);
  }

  create(run: () => void): LineTimer {
    return new ConvertedTimer(this, this.timers, run);
  }

  /** From now on the machine's clock runs at this rate: 1.05 is 5 % fast. Deadlines come when they would have come. */
  setRate(rate: number): void {
    if (rate === this.rate) return;
    this.lineAt = this.now;
    this.isRight = false;
    this.machineAt = this.timers.now;
    this.rate = rate;
    for (const timer of [...this.armed]) timer.set(timer.at);
  }

  /** When that is by the machine's clock. For its timers alone, as the next two. */
  toMachine(at: Instant): Instant {
    if (this.isRight) return at;
    return this.machineAt + (at - this.lineAt) * this.rate;
  }

  keep(timer: ConvertedTimer): void {
    this.armed.add(timer);
  }

  /** It is not armed any more; `at`: as its time has come. */
  release(timer: ConvertedTimer, at: Instant = this.reached): void {
    this.armed.delete(timer);
    this.reached = Math.max(this.reached, at);
  }
}

class ConvertedTimer implements LineTimer {
  at: Instant = NEVER;
  private readonly clock: LineClock;
  private readonly timer: Timer;

  constructor(clock: LineClock, timers: Timers, run: () => void) {
    this.clock = clock;
    this.timer = timers.create(() => {
      clock.release(this, this.at);
      this.at = NEVER;
      run();
    });
  }

  get armed(): boolean {
    return this.at !== NEVER;
  }

  set(at: Instant): void {
    if (!this.armed) this.clock.keep(this);
    this.at = at;
    this.timer.set(this.clock.toMachine(at));
  }

  clear(): void {
    if (!this.armed) return;
    this.at = NEVER;
    this.timer.clear();
    this.clock.release(this);
  }
}

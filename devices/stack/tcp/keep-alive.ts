import type { Instant, Timer, Timers } from '../clock.js';

/** Linux's tcp_keepalive_time, _intvl and _probes. */
const DEFAULT_DELAY_MS = 7_200_000;
const DEFAULT_INTERVAL_MS = 75_000;
const DEFAULT_PROBES = 9;

export interface KeepAliveTimes {
  /** Silence before the first probe, milliseconds; default 7,200,000. */
  readonly delayMs?: number;
  /** Between probes that nothing answers; default 75,000. */
  readonly intervalMs?: number;
  /** How many; default 9. */
  readonly probes?: number;
}

export interface KeepAliveOwner {
  /** Sends what makes the peer answer. */
  probe(): void;
  /** The peer did not answer. */
  giveUp(): void;
  /** When set, 1 or more, it decides how long the peer may be silent, as on Linux; 0: the number of probes does. */
  userTimeoutMs(): number;
}

/** RFC 9293 section 3.8.4: asks a silent peer whether it is still there. Off unless the program wants it. */
export class KeepAlive {
  readonly timer: Timer;
  private readonly timers: Timers;
  private delayMs = DEFAULT_DELAY_MS;
  private intervalMs = DEFAULT_INTERVAL_MS;
  private maxProbes = DEFAULT_PROBES;
  private lastHeardAt: Instant;
  private probes = 0;

  constructor(timers: Timers, owner: KeepAliveOwner) {
    this.timers = timers;
    this.lastHeardAt = timers.now;
    this.timer = timers.create(() => {
      const idleUntil = this.lastHeardAt + this.delayMs;
      if (this.probes === 0 && timers.now < idleUntil) this.timer.set(idleUntil);
      else if (this.isDead(owner.userTimeoutMs())) owner.giveUp();
      else {
        this.probes += 1;
        this.timer.set(timers.now + this.intervalMs);
        owner.probe();
      }
    });
  }

  start({ delayMs, intervalMs, probes }: KeepAliveTimes): void {
    this.delayMs = delayMs || DEFAULT_DELAY_MS;
    this.intervalMs = intervalMs || DEFAULT_INTERVAL_MS;
    this.maxProbes = probes || DEFAULT_PROBES;
    this.timer.set(this.timers.now + this.delayMs);
  }

  /** The peer has sent something: costs no timer operation unless probes were under way. */
  heard(): void {
    this.lastHeardAt = this.timers.now;
    if (this.probes === 0) return;
    this.probes = 0;
    if (this.timer.armed) this.timer.set(this.timers.now + this.delayMs);
  }

  stop(): void {
    this.probes = 0;
    this.timer.clear();
  }

  private isDead(userTimeoutMs: number): boolean {
    if (userTimeoutMs === 0) return this.probes >= this.maxProbes;
    return this.probes > 0 && this.timers.now - this.lastHeardAt >= userTimeoutMs;
  }
}

import type { Instant } from '../../clock.js';
import { type CongestionControl, hasReached } from './congestion-control.js';

/** What the sender says of itself after it has sent all that it might. */
export interface Usage {
  readonly now: Instant;
  readonly sndUna: number;
  readonly sndNxt: number;
  /** More data waited, and the congestion window held it back; or the window is full. */
  readonly limited: boolean;
  /** Without backoff, milliseconds. */
  readonly rtoMs: number;
  /** No repair is under way, and the program was not refused bytes: whoever holds back is program or peer. */
  readonly mayShrink: boolean;
}

/**
 * Congestion window validation (RFC 2861, RFC 7661) by Linux's rules: did the window hold the sender back during the
 * last round trip? If not for a whole timeout, the window comes down towards what was used.
 */
export class WindowUsage {
  private readonly congestion: CongestionControl;
  private wasLimited = false;
  /** The most that was in flight in the round trip that ends with the acknowledgment of `roundEnd`. */
  private mostInFlight = 0;
  private roundEnd: number = 0;
  /** The same since the window was used in full; when that was. */
  private used = 0;
  private fullAt: Instant = 0;

  constructor(congestion: CongestionControl) {
    this.congestion = congestion;
  }

  /** ISS + 1: nothing was sent before. */
  start(iss: number, now: Instant): void {
    this.roundEnd = iss;
    this.fullAt = now;
  }

  /** Is the window to grow with what is acknowledged now? Slow start may double what was really in flight. */
  get limited(): boolean {
    const { window, slowStartThreshold } = this.congestion;
    return this.wasLimited || (window < slowStartThreshold && window < 2 * this.mostInFlight);
  }

  /** To be called whenever segments were sent, or the window did not let them go. */
  sent(usage: Usage): void {
    const { now, sndUna, sndNxt, limited } = usage;
    const inFlight = (sndNxt - sndUna) >>> 0;
    // A strong signal stays for the rest of its round trip; of weaker ones the largest counts.
    if (hasReached(sndUna, this.roundEnd) || limited || (!this.wasLimited && inFlight > this.mostInFlight)) {
      this.wasLimited = limited;
      this.mostInFlight = inFlight;
      this.roundEnd = sndNxt;
    }
    if (this.limited) {
      this.restart(now);
      return;
    }
    this.used = Math.max(this.used, inFlight);
    if (now - this.fullAt < usage.rtoMs) return;
    if (usage.mayShrink) this.congestion.onApplicationLimited(this.used);
    this.restart(now);
  }

  /** After a pause: what was used before it counts no more. */
  restart(now: Instant): void {
    this.used = 0;
    this.fullAt = now;
  }
}

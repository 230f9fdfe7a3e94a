/**
 * How much may be in flight: what every congestion control answers, and what it is told. What was lost, when it is
 * sent again and how the window moves while it is repaired is the business of loss recovery; who held the sender
 * back is that of window-usage.ts. All windows are bytes, all times milliseconds. No clock: every call says `now`.
 */
import type { Instant } from '../../clock.js';

export type CongestionControlName = 'cubic' | 'reno';

/** As Linux prints it: slow start has no end yet. */
export const INFINITE_SSTHRESH = 0x7fffffff;

/** What one acknowledgment tells. */
export interface AckSample {
  readonly now: Instant;
  /** Newly delivered: acknowledged cumulatively or selectively, for the first time. */
  readonly bytes: number;
  /** Sequence numbers: of what is acknowledged, and of what is sent next. */
  readonly ack: number;
  readonly sndNxt: number;
  /** The round trip that this acknowledgment measured, after Karn; undefined when it measured none. */
  readonly rttMs: number | undefined;
  /** The congestion window was what held the sender back: only then does the window grow (RFC 7661, Linux). */
  readonly windowLimited: boolean;
}

export interface CongestionControl {
  readonly name: CongestionControlName;
  /** cwnd. Loss recovery sets it while it repairs (RFC 6937). */
  window: number;
  /** ssthresh; {@link INFINITE_SSTHRESH} before the first congestion. */
  readonly slowStartThreshold: number;
  /** The handshake is done, or the path's MTU has changed. `initial` sets the window anew (RFC 6928). */
  setMss(mss: number, initial: boolean): void;
  /** New data was acknowledged outside recovery. */
  onAcked(sample: AckSample): void;
  /**
   * A loss was seen before the timer ran out, or the peer echoed a congestion mark: sets the threshold and remembers
   * what was before. The window stays: it moves to the threshold as recovery says. As Linux, the threshold follows
   * from the window and not from what is in flight: an unused window does not grow, so it is known to be good.
   */
  onCongestion(now: Instant): void;
  /**
   * The retransmission timer ran out: the window falls to one segment. `first`: nothing was reduced yet for this
   * loss, neither by recovery nor by an earlier timeout; only then does the threshold change. RFC 5681 section 3.1.
   */
  onTimeout(first: boolean, now: Instant): void;
  /**
   * Sending goes on after nothing was in flight: `idleMs` since the last segment, `rtoMs` the present timeout
   * (without backoff). Longer than that takes the window down (RFC 2861); a shorter pause may only stop the clock.
   */
  onIdle(idleMs: number, rtoMs: number, now: Instant): void;
  /** For a timeout's worth of time the program needed at most `usedBytes` of the window. RFC 2861 section 3. */
  onApplicationLimited(usedBytes: number): void;
  /** The last reduction was a mistake (RFC 3522, DSACK): window and threshold are what they were before it, at least. */
  undo(): void;
}

/** Has a sequence number reached that mark? Both wrap at 2^32. */
export function hasReached(sequence: number, mark: number): boolean {
  return ((sequence - mark) | 0) >= 0;
}

/** RFC 6928: ten segments, but no more than 14,600 bytes unless two segments are larger. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600));
}

/** The least threshold after congestion: RFC 5681 equation 4. */
export function leastThreshold(mss: number): number {
  return 2 * mss;
}

/**
 * The window after a pause, as Linux (RFC 2861): half of it for every timeout that went by in silence, but never
 * less than a new connection would get.
 */
export function windowAfterIdle(window: number, mss: number, idleMs: number, rtoMs: number): number {
  const restart = Math.min(window, initialWindow(mss));
  let decayed = window;
  for (let left = idleMs - rtoMs; left > 0 && decayed > restart; left -= rtoMs) decayed /= 2;
  return Math.max(restart, Math.floor(decayed));
}

/** RFC 2861: the threshold remembers three quarters of a window that is given up for lack of use. */
export function thresholdOfUnused(window: number, slowStartThreshold: number): number {
  return Math.max(slowStartThreshold, Math.floor(window * 0.75));
}

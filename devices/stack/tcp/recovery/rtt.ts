import type { Instant } from '../../clock.js';

/**
 * The retransmission timeout (RFC 6298), all in milliseconds. Differences from the RFC, as Linux has them: the
 * lower bound is 200 ms instead of 1 s and applies to the variance term, so that a steady round trip keeps a margin
 * over the peer's delayed ACKs; the upper bound is 120 s.
 */
export const INITIAL_RTO_MS = 1000;
export const MIN_RTO_MS = 200;
export const MAX_RTO_MS = 120_000;
/** RFC 6298 section 5.7: at least this much for the first data when a SYN had to be repeated. */
const RTO_AFTER_LOST_SYN_MS = 3000;

/** As Linux's tcp_min_rtt_wlen: paths change. */
const MINIMUM_WINDOW_MS = 300_000;

const ALPHA = 1 / 8;
const BETA = 1 / 4;
const K = 4;

export class RttEstimator {
  /** 0 until measured. */
  smoothedMs = 0;
  /** RTTVAR */
  variationMs = 0;
  /** Expiries of the timer that the present timeout includes. */
  backoffs = 0;
  private baseMs = INITIAL_RTO_MS;
  /** The least round trip of this and of the last window of time. */
  private leastMs = Number.POSITIVE_INFINITY;
  private earlierLeastMs = Number.POSITIVE_INFINITY;
  private windowEndsAt: Instant = Number.NEGATIVE_INFINITY;

  /** What the timer is to be set to now, the backoff of earlier expiries included. */
  get rtoMs(): number {
    return Math.min(MAX_RTO_MS, this.baseMs * 2 ** this.backoffs);
  }

  /** The same without backoff. */
  get baseRtoMs(): number {
    return this.baseMs;
  }

  /** The least round trip of the last minutes; infinite until measured. */
  get minMs(): number {
    return Math.min(this.leastMs, this.earlierLeastMs);
  }

  get measured(): boolean {
    return this.smoothedMs > 0;
  }

  /** A round trip that belongs to one transmission without doubt (Karn). Ends the backoff. */
  sample(rttMs: number): void {
    // A virtual wire may answer in no time at all: something measured must differ from nothing measured.
    const rtt = Math.max(rttMs, 0.001);
    if (!this.measured) {
      this.smoothedMs = rtt;
      this.variationMs = rtt / 2;
    } else {
      this.variationMs += BETA * (Math.abs(this.smoothedMs - rtt) - this.variationMs);
      this.smoothedMs += ALPHA * (rtt - this.smoothedMs);
    }
    this.baseMs = this.smoothedMs + Math.max(MIN_RTO_MS, K * this.variationMs);
    this.backoffs = 0;
  }

  /** A round trip, however it was measured, for {@link minMs}. */
  observe(rttMs: number, now: Instant): void {
    if (now >= this.windowEndsAt) {
      this.earlierLeastMs = this.leastMs;
      this.leastMs = Number.POSITIVE_INFINITY;
      this.windowEndsAt = now + MINIMUM_WINDOW_MS / 2;
    }
    this.leastMs = Math.min(this.leastMs, rttMs);
  }

  /** RFC 6298 section 5.5: the timer ran out. */
  backOff(): void {
    if (this.rtoMs < MAX_RTO_MS) this.backoffs += 1;
  }

  /** An answer came, and proves that waiting longer and longer is not needed. */
  endBackoff(): void {
    this.backoffs = 0;
  }

  /** RFC 6298 section 5.7: the handshake is done, and its SYN had to be sent again. */
  synWasLost(): void {
    this.backoffs = 0;
    if (!this.measured) this.baseMs = Math.max(this.baseMs, RTO_AFTER_LOST_SYN_MS);
  }
}

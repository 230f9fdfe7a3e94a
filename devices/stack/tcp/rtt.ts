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

const ALPHA = 1 / 8;
const BETA = 1 / 4;
const K = 4;

export class RttEstimator {
  /** 0 until measured. */
  smoothedMs = 0;
  private variationMs = 0;
  private baseMs = INITIAL_RTO_MS;
  private backoffs = 0;

  /** What the timer is to be set to now, the backoff of earlier expiries included. */
  get rtoMs(): number {
    return Math.min(MAX_RTO_MS, this.baseMs * 2 ** this.backoffs);
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

  /** RFC 6298 section 5.5: the timer ran out. */
  backOff(): void {
    if (this.rtoMs < MAX_RTO_MS) this.backoffs += 1;
  }

  /** RFC 6298 section 5.7: the handshake is done, and its SYN had to be sent again. */
  synWasLost(): void {
    this.backoffs = 0;
    if (!this.measured) this.baseMs = Math.max(this.baseMs, RTO_AFTER_LOST_SYN_MS);
  }
}

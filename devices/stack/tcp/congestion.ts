/** As Linux prints it: slow start has no end yet. */
export const INFINITE_SSTHRESH = 0x7fffffff;

/**
 * How much may be in flight. What was lost, and when to send it again, is the business of loss-recovery.ts; this
 * decides only on the window. All in bytes.
 */
export interface CongestionControl {
  /** "reno" */
  readonly name: string;
  /** cwnd. Loss recovery inflates and deflates it while it repairs (RFC 6582). */
  window: number;
  /** ssthresh */
  readonly slowStartThreshold: number;
  /** The handshake is done, or the path's MTU has changed. `initial` sets the window anew (RFC 6928). */
  setMss(mss: number, initial: boolean): void;
  /** New data was acknowledged outside recovery; `flightSize` was in flight before. */
  onAcked(bytes: number, flightSize: number): void;
  /** Duplicate ACKs told of a loss: the new threshold. RFC 5681 equation 4. */
  onLoss(flightSize: number): void;
  /** The retransmission timer ran out; `first` the first time for this segment. RFC 5681 section 3.1. */
  onTimeout(flightSize: number, first: boolean): void;
  /** Nothing was sent for longer than the retransmission timeout. RFC 5681 section 4.1. */
  onIdle(): void;
}

/** RFC 6928: ten segments, but no more than 14,600 bytes unless two segments are larger. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600));
}

/** RFC 5681: slow start and congestion avoidance, counting bytes (RFC 3465 with L = 2). */
export class Reno implements CongestionControl {
  readonly name = 'reno';
  window = 0;
  slowStartThreshold = INFINITE_SSTHRESH;
  private mss = 0;
  /** Bytes acknowledged since the window grew last, in congestion avoidance. */
  private credit = 0;

  setMss(mss: number, initial: boolean): void {
    this.mss = mss;
    if (initial) this.window = initialWindow(mss);
    else this.window = Math.max(this.window, mss);
  }

  onAcked(bytes: number, flightSize: number): void {
    // RFC 2861: a window that is not used proves nothing about the path and does not grow.
    if (this.window < this.slowStartThreshold) {
      if (flightSize * 2 < this.window) return;
      this.window += Math.min(bytes, 2 * this.mss);
      return;
    }
    if (flightSize + this.mss < this.window) return;
    this.credit += bytes;
    if (this.credit < this.window) return;
    this.credit -= this.window;
    this.window += this.mss;
  }

  onLoss(flightSize: number): void {
    this.slowStartThreshold = Math.max(flightSize / 2, 2 * this.mss);
    this.credit = 0;
  }

  onTimeout(flightSize: number, first: boolean): void {
    if (first) this.slowStartThreshold = Math.max(flightSize / 2, 2 * this.mss);
    this.window = this.mss;
    this.credit = 0;
  }

  onIdle(): void {
    this.window = Math.min(this.window, initialWindow(this.mss));
  }
}

import type { Instant } from '../../clock.js';
import {
  type AckSample,
  type CongestionControl,
  INFINITE_SSTHRESH,
  initialWindow,
  leastThreshold,
  thresholdOfUnused,
  windowAfterIdle,
} from './congestion-control.js';

/** RFC 5681: slow start and congestion avoidance, counting bytes; as Linux, without a limit for one ACK (RFC 3465's L). */
export class Reno implements CongestionControl {
  readonly name = 'reno';
  window = 0;
  slowStartThreshold = INFINITE_SSTHRESH;
  private mss = 0;
  /** Bytes acknowledged since the window grew last, in congestion avoidance. */
  private credit = 0;
  private before: { readonly window: number; readonly slowStartThreshold: number } | undefined;

  setMss(mss: number, initial: boolean): void {
    this.mss = mss;
    if (initial) this.window = initialWindow(mss);
    else this.window = Math.max(this.window, mss);
  }

  onAcked(sample: AckSample): void {
    if (!sample.windowLimited) return;
    let { bytes } = sample;
    if (this.window < this.slowStartThreshold) {
      const grown = Math.min(this.window + bytes, Math.max(this.window, this.slowStartThreshold));
      bytes -= grown - this.window;
      this.window = grown;
      if (bytes === 0) return;
    }
    this.credit += bytes;
    while (this.credit >= this.window) {
      this.credit -= this.window;
      this.window += this.mss;
    }
  }

  onCongestion(_now: Instant): void {
    this.reduce();
  }

  onTimeout(first: boolean, _now: Instant): void {
    if (first) this.reduce();
    this.credit = 0;
    this.window = this.mss;
  }

  onIdle(idleMs: number, rtoMs: number, _now: Instant): void {
    if (idleMs <= rtoMs) return;
    this.slowStartThreshold = thresholdOfUnused(this.window, this.slowStartThreshold);
    this.window = windowAfterIdle(this.window, this.mss, idleMs, rtoMs);
  }

  onApplicationLimited(usedBytes: number): void {
    const used = Math.max(usedBytes, initialWindow(this.mss));
    if (used >= this.window) return;
    this.slowStartThreshold = thresholdOfUnused(this.window, this.slowStartThreshold);
    this.window = Math.floor((this.window + used) / 2);
  }

  undo(): void {
    if (this.before === undefined) return;
    this.window = Math.max(this.window, this.before.window);
    this.slowStartThreshold = this.before.slowStartThreshold;
    this.before = undefined;
  }

  private reduce(): void {
    const { window, slowStartThreshold, mss } = this;
    this.before = { window, slowStartThreshold };
    // Whole segments: the window grows by whole ones, so a half would be a part of every round trip that is never used.
    this.slowStartThreshold = Math.max(Math.floor(window / 2 / mss) * mss, leastThreshold(mss));
    this.credit = 0;
  }
}

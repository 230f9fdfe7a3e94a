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
import { HyStart, LEAST_TRAIN_SEGMENTS } from './hystart.js';

/** RFC 9438 section 4.1: segments per second³, and what is left of the window after congestion. */
const C = 0.4;
const BETA = 0.7;
/** Section 4.3: how fast a Reno flow with CUBIC's decrease would have to grow to get a Reno flow's share. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** Section 4.2: at most half as much again in a round trip. */
const MAX_GROWTH = 1.5;
/** As Linux: while no congestion tells where the path ends, a twentieth in a round trip at least. */
const SEARCH_SHARE = 1 / 20;

/** From one congestion to the next: the curve that the window follows. Windows in bytes. */
interface Epoch {
  /** Moves on while the window is not used. */
  startAt: Instant;
  /** The plateau of the curve, and when it is reached: seconds after the start. */
  readonly plateau: number;
  readonly plateauAfter: number;
  /** W_est: the window that Reno would have. */
  reno: number;
}

interface Reduction {
  readonly window: number;
  readonly slowStartThreshold: number;
  readonly maximum: number;
  readonly prior: number;
  readonly epoch: Epoch | undefined;
}

/**
 * CUBIC (RFC 9438): after congestion the window is a cubic function of time, flat around the window at which the
 * congestion happened. Where RFC and Linux differ it is Linux: the curve is looked up one *least* round trip ahead,
 * the threshold follows from the window, a timeout forgets the curve. Unlike Linux a reduction that is undone
 * brings the whole curve back (section 4.9), and Reno's share grows by a segment a round trip once it has reached
 * the window of before (section 4.3).
 */
export class Cubic implements CongestionControl {
  readonly name = 'cubic';
  window = 0;
  slowStartThreshold = INFINITE_SSTHRESH;
  private mss = 0;
  private readonly hystart = new HyStart();
  /** W_max, with fast convergence; 0 while no congestion is known. */
  private maximum = 0;
  /** cwnd_prior: the window at the last congestion. */
  private prior = 0;
  private epoch: Epoch | undefined;
  private minRttMs = Number.POSITIVE_INFINITY;
  /** Growth of less than a byte. */
  private fraction = 0;
  /** Until when the epoch's time is accounted for. */
  private activeAt: Instant = 0;
  private before: Reduction | undefined;

  setMss(mss: number, initial: boolean): void {
    this.mss = mss;
    if (initial) this.window = initialWindow(mss);
    else this.window = Math.max(this.window, mss);
  }

  onAcked(sample: AckSample): void {
    if (sample.rttMs !== undefined) this.minRttMs = Math.min(this.minRttMs, sample.rttMs);
    const searching = this.slowStartThreshold === INFINITE_SSTHRESH;
    if (searching) this.search(sample);
    if (!sample.windowLimited) {
      this.pause(sample.now);
      return;
    }
    if (searching && this.hystart.done) this.slowStartThreshold = this.window;
    this.avoid(this.slowStart(sample.bytes), sample.now);
    this.activeAt = sample.now;
  }

  onCongestion(_now: Instant): void {
    this.reduce();
  }

  onTimeout(first: boolean, _now: Instant): void {
    if (first) this.reduce();
    this.window = this.mss;
    // As Linux: what was known of the path is forgotten, except the threshold.
    this.epoch = undefined;
    this.maximum = 0;
    this.minRttMs = Number.POSITIVE_INFINITY;
  }

  onIdle(idleMs: number, rtoMs: number, now: Instant): void {
    this.pause(now);
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
    const { before } = this;
    if (before === undefined) return;
    this.before = undefined;
    this.window = Math.max(this.window, before.window);
    this.slowStartThreshold = before.slowStartThreshold;
    this.maximum = before.maximum;
    this.prior = before.prior;
    this.epoch = before.epoch;
  }

  private search(sample: AckSample): void {
    this.hystart.onAck(sample);
    const isLarge = this.window >= LEAST_TRAIN_SEGMENTS * this.mss;
    if (isLarge && sample.rttMs !== undefined) this.hystart.onTrain(sample.now, this.minRttMs);
  }

  /** Section 4.2: time in which the window was not needed moves nothing. */
  private pause(now: Instant): void {
    if (this.epoch !== undefined) this.epoch.startAt += now - this.activeAt;
    this.activeAt = now;
  }

  /** Returns the bytes that are left for congestion avoidance. */
  private slowStart(bytes: number): number {
    if (this.window >= this.slowStartThreshold) return bytes;
    const searching = this.slowStartThreshold === INFINITE_SSTHRESH;
    const grown = this.window + this.whole(searching ? this.hystart.growth(bytes) : bytes);
    if (grown <= this.slowStartThreshold) {
      this.window = grown;
      return 0;
    }
    const rest = grown - this.slowStartThreshold;
    this.window = this.slowStartThreshold;
    return rest;
  }

  private avoid(bytes: number, now: Instant): void {
    if (bytes === 0) return;
    const { window, mss } = this;
    this.epoch ??= this.begin(now);
    const { epoch } = this;
    const least = this.minRttMs === Number.POSITIVE_INFINITY ? 0 : this.minRttMs;
    const seconds = (now - epoch.startAt + least) / 1000;
    const curve = epoch.plateau + C * (seconds - epoch.plateauAfter) ** 3 * mss;
    const target = Math.min(Math.max(curve, window), MAX_GROWTH * window);
    epoch.reno += ((epoch.reno < this.prior ? ALPHA : 1) * mss * bytes) / window;
    const share = Math.max((target - window) / window, this.maximum === 0 ? SEARCH_SHARE : 0);
    const growth = Math.max(bytes * share, epoch.reno - window);
    this.window += this.whole(Math.min(growth, bytes / 2));
  }

  /** The first growth after congestion, or after slow start. */
  private begin(now: Instant): Epoch {
    const { window, maximum, mss } = this;
    const missing = Math.max(0, maximum - window) / mss;
    return {
      startAt: now,
      plateau: Math.max(maximum, window),
      plateauAfter: Math.cbrt(missing / C),
      reno: window,
    };
  }

  private reduce(): void {
    const { window, slowStartThreshold, maximum, prior, epoch } = this;
    this.before = { window, slowStartThreshold, maximum, prior, epoch };
    // Section 4.7, fast convergence: a window that shrinks from one congestion to the next makes room for others.
    this.maximum = window < maximum ? (window * (1 + BETA)) / 2 : window;
    this.prior = window;
    this.slowStartThreshold = Math.max(Math.floor(window * BETA), leastThreshold(this.mss));
    this.epoch = undefined;
    this.fraction = 0;
  }

  private whole(bytes: number): number {
    const sum = this.fraction + bytes;
    const whole = Math.floor(sum);
    this.fraction = sum - whole;
    return whole;
  }
}

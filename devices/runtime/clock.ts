import type { Instant } from '../stack/clock.js';

/**
 * Milliseconds of CLOCK_MONOTONIC, to the nanosecond. All processes of a machine share its zero: one timeline for every
 * capture. Not `performance.now()` plus an offset: a process that loses the processor between reading one clock and the
 * other would be off by that time for its whole life.
 */
export function monotonicNow(): Instant {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** How far a clock is from being right. */
export interface ClockSkew {
  /** Seconds that pass for the device in a second; default 1. */
  readonly rate?: number;
  /** Added to date and time, milliseconds; default 0. */
  readonly offsetMs?: number;
}

/** From here on the device's time runs at this rate. */
interface Stretch {
  readonly labAt: Instant;
  readonly deviceAt: Instant;
  readonly rate: number;
}

/** Of changes of the rate that are remembered: stamps older than that are told as if it had not changed before. */
const MAX_STRETCHES = 1000;

/**
 * The time by which one device lives. Its monotonic time never jumps and never goes back, whatever the rate becomes: all
 * deadlines and all that the device measures are in it. What leaves the device with a stamp on it is told in the lab's time.
 */
export class DeviceClock {
  private readonly monotonic: () => Instant;
  private readonly date: () => number;
  /** In order; none while both times have always been the same. */
  private stretches: Stretch[] = [];
  /** The last one. */
  private current: Stretch | undefined;
  private skew: ClockSkew | undefined;
  /** By how much the device's time was ahead of the lab's when the skew began: its date does not have that. */
  private aheadBefore = 0;

  constructor(monotonic: () => Instant = monotonicNow, date: () => number = Date.now) {
    this.monotonic = monotonic;
    this.date = date;
  }

  /** The device's monotonic time. */
  readonly now = (): Instant => this.fromLab(this.monotonic());

  /** Milliseconds since 1970, as the device believes. */
  readonly wallClock = (): number => {
    const { skew } = this;
    if (skew === undefined) return this.date();
    const lab = this.monotonic();
    const drift = this.fromLab(lab) - lab - this.aheadBefore;
    return Math.floor(this.date() + drift + (skew.offsetMs ?? 0));
  };

  /** Undefined: right from now on. Its date is at once; its monotonic time stays ahead, or behind, as it has become. */
  setSkew(skew: ClockSkew | undefined): void {
    const lab = this.monotonic();
    const deviceAt = this.fromLab(lab);
    const rate = skew?.rate ?? 1;
    if (this.skew === undefined) this.aheadBefore = deviceAt - lab;
    this.skew = skew;
    if (rate === this.rate) return;
    this.current = { labAt: lab, deviceAt, rate };
    this.stretches.push(this.current);
    if (this.stretches.length > MAX_STRETCHES) this.stretches.shift();
  }

  /** The device's time has always been that of the lab. */
  get isRight(): boolean {
    return this.stretches.length === 0;
  }

  /** How long it is until then, by a right clock; negative when it has passed. */
  realMsUntil(deviceAt: Instant): number {
    return (deviceAt - this.now()) / this.rate;
  }

  /** When that was, or will be, in the lab's time. */
  readonly toLab = (deviceAt: Instant): Instant => {
    if (this.stretches.length === 0) return deviceAt;
    const stretch = this.stretches.findLast((candidate) => candidate.deviceAt <= deviceAt);
    if (stretch !== undefined) return stretch.labAt + (deviceAt - stretch.deviceAt) / stretch.rate;
    // Before anything changed; or so long ago that it is forgotten how it was.
    const [{ labAt, deviceAt: firstAt }] = this.stretches;
    return deviceAt - firstAt + labAt;
  };

  private get rate(): number {
    return this.current?.rate ?? 1;
  }

  private fromLab(lab: Instant): Instant {
    const { current } = this;
    return current === undefined ? lab : current.deviceAt + (lab - current.labAt) * current.rate;
  }
}

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

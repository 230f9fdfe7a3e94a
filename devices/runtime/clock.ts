import { performance } from 'node:perf_hooks';
import type { Instant } from '../stack/clock.js';

// performance.now() counts from the start of this process; the offset moves it to CLOCK_MONOTONIC's own zero, which
// all processes of a machine share: one timeline for every capture.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of CLOCK_MONOTONIC, with microseconds behind the point. */
export function monotonicNow(): Instant {
  return offsetMs + performance.now();
}

/**
 * How much two runs differ in time when nothing differs but the moment: by what their reports say of the machine.
 *
 * All devices share one machine. What a step waits for is either the emulated network (delays, timeouts: the same in both
 * runs) or the machine. `capture.waitMs` is how long a frame waited in the mean for its device to run, and a round trip
 * waits as often as it crosses links: together that is the machine's share of the time.
 */
import type { FetchReport } from '../story/report.js';
import type { Noise } from './comparison.js';

/** Below it nobody feels anything. */
const LEAST_MS = 5;
const LEAST_SHARE = 0.2;
/** A wait is short mostly, and now and then many times the mean: the longest of a load of some hundred frames. */
const LONGEST_WAIT = 20;
/** The machine's share is a mean, too: one part of the load may have met twice as much of it. */
const SCATTER = 2;
/** Of a machine that does nothing else any more. */
const MAX_BUSY = 0.9;

export function noiseOf(a: FetchReport, b: FetchReport): Noise {
  const waitMs = Math.max(a.capture.waitMs, b.capture.waitMs);
  const busy = Math.max(machineShare(a), machineShare(b));
  // With a share s of the time the machine's, what takes 1 on an idle one takes 1 / (1 - s).
  const stretch = busy / (1 - busy);
  return {
    floorMs: Math.round(Math.max(LEAST_MS, LONGEST_WAIT * waitMs) * 10) / 10,
    share: Math.round(Math.max(LEAST_SHARE, SCATTER * stretch) * 100) / 100,
  };
}

/** 0 … {@link MAX_BUSY}: of a round trip to the server, by its handshake. */
function machineShare({ capture, connections, path }: FetchReport): number {
  const trips = connections.flatMap(({ handshake: [syn, answer] }) => {
    return syn?.direction === 'out' && answer?.direction === 'in' ? [answer.atMs - syn.atMs] : [];
  });
  if (trips.length === 0 || path.length < 2) return 0;
  const quickest = Math.max(0.001, Math.min(...trips));
  const crossings = 2 * (path.length - 1);
  return Math.min(MAX_BUSY, (crossings * capture.waitMs) / quickest);
}

/** What is more than this, at so much time since the start, is no noise. */
export function allowance({ floorMs, share }: Noise, sinceStartMs: number): number {
  return Math.max(floorMs, share * sinceStartMs);
}

/** How much later B has it; 0 when that is within the noise. */
export function beyondNoise(noise: Noise, aMs: number, bMs: number): number {
  const by = bMs - aMs;
  return Math.abs(by) > allowance(noise, Math.min(aMs, bMs)) ? by : 0;
}

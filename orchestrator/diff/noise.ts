/**
 * How much two runs differ in time when nothing differs but the moment, and whether the network itself was slower.
 *
 * All devices share one machine: what a step waits for is either the emulated network, the same in both runs, or the machine.
 * `capture.waitMs` is how long a frame waited in the mean for its device to run, and a round trip waits as often as it crosses
 * links: together that is the machine's share of the time. It stretches transfers of many segments most. The shortest round
 * trip of several hardly changes with it, but at once with a slower link, or a slower device.
 */
import type { FetchReport } from '../story/report.js';
import type { Noise, Trip } from './comparison.js';

/** Below it nobody feels anything. */
const LEAST_MS = 5;
const LEAST_SHARE = 0.2;
/** A wait is short mostly, and now and then many times the mean: the longest of a load of some hundred frames. */
const LONGEST_WAIT = 20;
/** The machine's share is a mean, too: one part of the load may have met twice as much of it. */
const SCATTER = 2;
/** On a machine however busy, what takes three times as long is worth a look. */
const MAX_SHARE = 2;
/** Round trips to several servers are longer by so much, or to one of them: that one may have met a moment of bad luck. */
const ALL_TRIPS = 0.25;
const ONE_TRIP = 0.75;

export function noiseOf(a: FetchReport, b: FetchReport, trips: readonly Trip[]): Noise {
  const waitMs = Math.max(a.capture.waitMs, b.capture.waitMs);
  const noise = { floorMs: Math.max(LEAST_MS, LONGEST_WAIT * waitMs), share: LEAST_SHARE };
  const [trip] = trips;
  // What happens but once is known to be later by one round trip: it shows from its half on.
  if (trip !== undefined)
    return rounded({
      ...noise,
      floorMs: Math.min(noise.floorMs, Math.max(LEAST_MS, Math.abs(trip.bMs - trip.aMs) / 2)),
    });
  const busy = Math.min(MAX_SHARE, Math.max(machineShare(a), machineShare(b)));
  // With a share s of the time the machine's, what takes 1 on an idle one takes 1 / (1 - s).
  const stretch = busy < 1 ? busy / (1 - busy) : MAX_SHARE;
  return rounded({ ...noise, share: Math.min(MAX_SHARE, Math.max(LEAST_SHARE, SCATTER * stretch)) });
}

function rounded({ floorMs, share }: Noise): Noise {
  return { floorMs: Math.round(floorMs * 10) / 10, share: Math.round(share * 100) / 100 };
}

/** Of a round trip to the server, by its handshake: from 0 on. */
function machineShare({ capture, connections, path }: FetchReport): number {
  const trips = connections.flatMap(({ handshake: [syn, answer] }) => {
    return syn?.direction === 'out' && answer?.direction === 'in' ? [answer.atMs - syn.atMs] : [];
  });
  if (trips.length === 0 || path.length < 2) return 0;
  const quickest = Math.max(0.001, Math.min(...trips));
  return (2 * (path.length - 1) * capture.waitMs) / quickest;
}

/** The shortest round trip to each server that was answered at the first try: by handshakes and by first bytes of responses. */
function shortestTrips({ connections, exchanges }: FetchReport): Map<string, number> {
  const shortest = new Map<string, number>();
  const add = (remote: string, ms: number) => {
    if (ms > 0) shortest.set(remote, Math.min(ms, shortest.get(remote) ?? ms));
  };
  for (const {
    remote,
    tries,
    handshake: [syn, answer],
  } of connections) {
    if (tries === 1 && syn !== undefined && answer?.direction === 'in') add(remote, answer.atMs - syn.atMs);
  }
  for (const {
    remote,
    requestSegments: [sent],
    responseSegments: [received],
  } of exchanges) {
    if (sent !== undefined && received !== undefined) add(remote, received.atMs - sent.atMs);
  }
  return shortest;
}

/** Round trips that are longer or shorter in B, the most different first; none when that is within the noise. */
export function tripsThatDiffer(a: FetchReport, b: FetchReport): Trip[] {
  const inB = shortestTrips(b);
  const trips = [...shortestTrips(a)].flatMap(([remote, aMs]): Trip[] => {
    const bMs = inB.get(remote);
    return bMs === undefined ? [] : [{ remote, aMs, bMs }];
  });
  const beyond =
    (least: number) =>
    ({ aMs, bMs }: Trip) =>
      Math.abs(bMs - aMs) > Math.max(LEAST_MS, least * Math.min(aMs, bMs));
  const isOneWay = trips.every(({ aMs, bMs }) => bMs > aMs) || trips.every(({ aMs, bMs }) => bMs < aMs);
  const all = trips.length > 1 && isOneWay && trips.every(beyond(ALL_TRIPS));
  const found = all ? trips : trips.filter(beyond(ONE_TRIP));
  return found.sort((x, y) => Math.abs(y.bMs - y.aMs) - Math.abs(x.bMs - x.aMs));
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

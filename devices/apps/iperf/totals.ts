/** Sums over the streams of a test. */
import type { DatagramCounts, StreamResult } from './protocol.js';
import type { Sample } from './stream.js';
import type { Interval } from './test-run.js';

export interface Total {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
  readonly retransmits: number;
  /** UDP only. */
  readonly datagrams?: DatagramCounts;
}

export function sumOfInterval(interval: Interval): Total {
  return {
    fromMs: Math.min(...interval.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...interval.map(({ toMs }) => toMs)),
    bytes: sum(interval, ({ bytes }) => bytes),
    retransmits: sum(interval, ({ retransmits }) => retransmits),
    ...sumOfDatagrams(interval),
  };
}

export function totalOf({ bytes, seconds, retransmits, datagrams }: StreamResult): Total {
  return { fromMs: 0, toMs: seconds * 1000, bytes, retransmits, ...(datagrams && { datagrams }) };
}

/** As long as the longest of them. */
export function sumOfResults(results: readonly StreamResult[]): Total {
  return {
    fromMs: 0,
    toMs: Math.max(0, ...results.map(({ seconds }) => seconds * 1000)),
    bytes: sum(results, ({ bytes }) => bytes),
    retransmits: sum(results, ({ retransmits }) => retransmits),
    ...sumOfDatagrams(results),
  };
}

/** As iperf3: the jitter of several streams is their mean. */
function sumOfDatagrams(parts: readonly { readonly datagrams?: DatagramCounts }[]): { datagrams?: DatagramCounts } {
  const counts = parts.flatMap(({ datagrams }) => datagrams ?? []);
  if (counts.length === 0) return {};
  return {
    datagrams: {
      packets: sum(counts, ({ packets }) => packets),
      lost: sum(counts, ({ lost }) => lost),
      outOfOrder: sum(counts, ({ outOfOrder }) => outOfOrder),
      jitterMs: sum(counts, ({ jitterMs }) => jitterMs) / counts.length,
    },
  };
}

export function lostPercent({ packets, lost }: DatagramCounts): number {
  return packets > 0 ? (lost / packets) * 100 : 0;
}

/** 0 for no time at all. */
export function bitsPerSecond({ fromMs, toMs, bytes }: Total | Sample): number {
  return toMs > fromMs ? (bytes * 8) / ((toMs - fromMs) / 1000) : 0;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

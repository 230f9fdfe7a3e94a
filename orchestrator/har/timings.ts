/** The phases of a request as HAR has them, made of those of Resource Timing. */
import type { Timings } from 'har-format';
import type { FetchedExchange } from '../../devices/control.js';

/** What HAR says of a phase that there was not. */
const ABSENT = -1;

/** Milliseconds, to the microsecond. */
export type HarTimings = Required<Omit<Timings, 'comment'>> & { readonly _blocked_queueing: number };

/**
 * `time` is the sum of the phases that there were (`connect` includes `ssl`), and all of it from `startTime` to
 * `responseEnd`: what is left is `blocked`, the time in which a request waits for its turn or for a connection. When a
 * request had been sent Resource Timing does not tell: `sentAt` is when its last byte left, where that is known, else
 * `send` is 0.
 */
export function harTimings(
  exchange: Pick<FetchedExchange, 'timing' | 'cache'>,
  sentAt?: number,
): { timings: HarTimings; time: number } {
  const { timing } = exchange;
  const { startTime, fetchStart, responseEnd } = timing;
  // A phase that did not end was under way when all ended.
  const phase = (from: number | undefined, to: number | undefined) =>
    from === undefined ? ABSENT : micros(from, to ?? responseEnd);
  const dns = phase(timing.domainLookupStart, timing.domainLookupEnd);
  const connect = phase(timing.connectStart, timing.connectEnd);
  const ssl = phase(timing.secureConnectionStart, timing.connectEnd);
  const { send, wait, receive } = transfer(exchange, sentAt);
  const busy = [dns, connect, send, wait, receive].reduce((sum, each) => sum + Math.max(0, each), 0);
  const blocked = Math.max(0, micros(startTime, responseEnd) - busy);
  const phases = { blocked, dns, connect, ssl, send, wait, receive, _blocked_queueing: micros(startTime, fetchStart) };
  const inMs = Object.entries(phases).map(([name, value]) => [name, value === ABSENT ? ABSENT : value / 1000]);
  return { timings: Object.fromEntries(inMs) as HarTimings, time: (blocked + busy) / 1000 };
}

/** Whole microseconds, whose sums are exact. */
function micros(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) * 1000));
}

function transfer({ timing, cache }: Pick<FetchedExchange, 'timing' | 'cache'>, sentAt: number | undefined) {
  const { fetchStart, requestStart, responseStart, responseEnd } = timing;
  if (requestStart === undefined) {
    // Nothing was asked: an answer from memory, or a failure on the way to the server.
    return { send: 0, wait: 0, receive: cache === 'memory' ? micros(fetchStart, responseEnd) : 0 };
  }
  const answered = responseStart ?? responseEnd;
  const send = sentAt === undefined ? 0 : micros(requestStart, Math.min(sentAt, answered));
  return { send, wait: Math.max(0, micros(requestStart, answered) - send), receive: micros(answered, responseEnd) };
}

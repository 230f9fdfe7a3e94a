/**
 * What client and server of `iperf` say to each other; our own, though made as others are. One connection carries the
 * arrangement, line by line; each stream of a test is another one, to the same port, that begins with a line of its own:
 *
 *     client, control: netarium-iperf 1        client, stream: netarium-iperf-stream 1 COOKIE INDEX
 *     client: {"test": …}     the test that is wanted
 *     server: {"cookie": …}   or {"error": …}; the client opens the streams now
 *     server: {"start": true} all streams are there: both clocks start
 *     sender ends each stream after its time or its bytes
 *     receiver: {"results": […]} once all streams have ended; then sender: {"results": […]}; then the client closes
 *
 * The streams of a UDP test begin with a datagram of that line, which the server returns; it is said again until then.
 * Since datagrams have no end, the sender says {"sent": [datagrams of each stream]} when it is done.
 */
import { type Checker, integer, isBoolean, list, number, object, oneOf } from '../../control/check.js';
import { MAX_UDP_PAYLOAD } from '../../stack/wire/udp.js';
import { DATAGRAM_HEADER_LENGTH } from './datagram-header.js';

export const IPERF_PORT = 5201;
export const CONTROL_GREETING = 'netarium-iperf 1';
const STREAM_GREETING = /^netarium-iperf-stream 1 ([0-9a-f]{16}) (\d{1,3})$/;

export const MAX_STREAMS = 128;
/** A peer that vanishes is noticed by probes after so much silence: its last word, a RST, may be lost on the way. */
export const KEEP_ALIVE_MS = 60_000;
export const MAX_SECONDS = 86_400;
export const MAX_BLOCK_BYTES = 1024 * 1024;
/** Smaller windows hold no segment. */
export const MIN_BUFFER_BYTES = 2048;
export const MAX_BUFFER_BYTES = 64 * 1024 * 1024;
export const MIN_DATAGRAM_BYTES = DATAGRAM_HEADER_LENGTH;
export const MAX_DATAGRAM_BYTES = MAX_UDP_PAYLOAD;
/** Bit/s of one stream of datagrams. */
export const MIN_RATE = 1000;
export const MAX_RATE = 100e9;
export const CONGESTION_CONTROLS = ['cubic', 'reno'] as const;

/** One test, as both sides know it. */
export interface IperfTest {
  readonly streams: number;
  /** The server sends. */
  readonly reverse: boolean;
  /** Seconds of sending; absent: until stopped, or until `bytes` are sent. */
  readonly seconds?: number;
  /** Of all streams together. */
  readonly bytes?: number;
  /** Bytes written at once; of UDP, in one datagram. */
  readonly blockBytes: number;
  /** UDP instead of TCP: so many bits of data a second in each stream. */
  readonly udp?: { readonly bitsPerSecond: number };
  /** TCP: SO_SNDBUF and SO_RCVBUF of both ends. */
  readonly bufferBytes?: number;
  readonly congestionControl?: (typeof CONGESTION_CONTROLS)[number];
}

/** Of one UDP stream. Of a sender, all but the first are nought. */
export interface DatagramCounts {
  /** Sent, as far as it is known. */
  readonly packets: number;
  readonly lost: number;
  readonly outOfOrder: number;
  /** RFC 3550 section 6.4.1. */
  readonly jitterMs: number;
}

/** What one side knows of one stream at the end. */
export interface StreamResult {
  readonly bytes: number;
  /** From the start to the end of its sending, or to the last byte received. */
  readonly seconds: number;
  readonly retransmits: number;
  /** UDP only. */
  readonly datagrams?: DatagramCounts;
}

/** One of these is a message: an object with that key alone. */
export interface Messages {
  readonly test: IperfTest;
  readonly cookie: string;
  readonly start: true;
  /** UDP only. */
  readonly sent: readonly number[];
  readonly results: readonly StreamResult[];
  readonly error: string;
}

export type Message = Partial<Messages>;

const size = integer(1, Number.MAX_SAFE_INTEGER);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const anyTest = object(
  { streams: integer(1, MAX_STREAMS), reverse: isBoolean, blockBytes: integer(1, MAX_BLOCK_BYTES) },
  {
    seconds: number(0.001, MAX_SECONDS),
    bytes: size,
    congestionControl: oneOf(CONGESTION_CONTROLS),
    udp: object({ bitsPerSecond: number(MIN_RATE, MAX_RATE) }),
    bufferBytes: integer(MIN_BUFFER_BYTES, MAX_BUFFER_BYTES),
  },
);
const datagramBytes = integer(MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
const test: Checker = (value, path) => {
  const fault = anyTest(value, path);
  if (fault !== undefined || (value as IperfTest).udp === undefined) return fault;
  return datagramBytes((value as IperfTest).blockBytes, `${path}.blockBytes`);
};
const datagrams = object({ packets: count, lost: count, outOfOrder: count, jitterMs: number(0) });
const result = object({ bytes: number(0), seconds: number(0), retransmits: number(0) }, { datagrams });
const isString = (value: unknown, path: string) => (typeof value === 'string' ? undefined : `${path}: not a text`);

const CHECKERS = {
  test,
  cookie: isString,
  start: oneOf([true] as never),
  sent: list(count),
  results: list(result),
  error: isString,
} as const;

/** Undefined for what is no message: the peer speaks something else. */
export function parseMessage(line: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const [key, ...others] = Object.keys(value);
  if (others.length > 0 || !Object.hasOwn(CHECKERS, key)) return undefined;
  const fault = CHECKERS[key as keyof typeof CHECKERS]((value as Record<string, unknown>)[key], key);
  return fault === undefined ? (value as Message) : undefined;
}

export function streamGreeting(cookie: string, index: number): string {
  return `netarium-iperf-stream 1 ${cookie} ${index}`;
}

/** Undefined when it is no stream's greeting. `index` is 0 … 999. */
export function parseStreamGreeting(line: string): { cookie: string; index: number } | undefined {
  const match = STREAM_GREETING.exec(line);
  return match === null ? undefined : { cookie: match[1], index: Number(match[2]) };
}

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
 */
import { integer, isBoolean, list, number, object, oneOf } from '../../control/check.js';

export const IPERF_PORT = 5201;
export const CONTROL_GREETING = 'netarium-iperf 1';
const STREAM_GREETING = /^netarium-iperf-stream 1 ([0-9a-f]{16}) (\d{1,3})$/;

export const MAX_STREAMS = 128;
export const MAX_SECONDS = 86_400;
export const MAX_BLOCK_BYTES = 1024 * 1024;
export const MAX_BUFFER_BYTES = 64 * 1024 * 1024;
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
  /** Bytes written at once. */
  readonly blockBytes: number;
  readonly congestionControl?: (typeof CONGESTION_CONTROLS)[number];
}

/** What one side knows of one stream at the end. */
export interface StreamResult {
  readonly bytes: number;
  /** From the start to the end of its sending, or to the last byte received. */
  readonly seconds: number;
  readonly retransmits: number;
}

/** One of these is a message: an object with that key alone. */
export interface Messages {
  readonly test: IperfTest;
  readonly cookie: string;
  readonly start: true;
  readonly results: readonly StreamResult[];
  readonly error: string;
}

export type Message = Partial<Messages>;

const size = integer(1, Number.MAX_SAFE_INTEGER);
const test = object(
  { streams: integer(1, MAX_STREAMS), reverse: isBoolean, blockBytes: integer(1, MAX_BLOCK_BYTES) },
  { seconds: number(0.001, MAX_SECONDS), bytes: size, congestionControl: oneOf(CONGESTION_CONTROLS) },
);
const result = object({ bytes: number(0), seconds: number(0), retransmits: number(0) });
const isString = (value: unknown, path: string) => (typeof value === 'string' ? undefined : `${path}: not a text`);

const CHECKERS = {
  test,
  cookie: isString,
  start: oneOf([true] as never),
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

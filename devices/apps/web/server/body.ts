/** What is sent as a body: bytes that are there, or that are read while they are sent. */
import type { Readable } from 'node:stream';

export interface Body {
  /** Bytes. */
  readonly length: number;
  /** All of it, where it is in memory. */
  readonly bytes?: Uint8Array;
  /** From `start` to `end`, both inclusive. */
  part(start: number, end: number): Uint8Array | Readable;
}

/** What can be sent: bytes, or where they come from. */
export type Source = Uint8Array | Readable | AsyncIterable<Uint8Array>;

/** The source of all of it, opened when it is needed. */
export function whole(body: Body): Uint8Array | (() => Source) {
  return body.bytes ?? (() => body.part(0, body.length - 1));
}

export function wholeBody(bytes: Uint8Array): Body {
  return { length: bytes.length, bytes, part: (start, end) => bytes.subarray(start, end + 1) };
}

/**
 * The native encapsulation of a link: a UDP datagram carries one or more records.
 *
 * ```
 *  record:  | length 2 | preamble 7 | SFD 1 | frame 60… | FCS 4 |     length counts what follows it
 * ```
 *
 * A datagram without any byte is a sign of life: it tells the peer that this end is there.
 */
import { readU16, writeU16 } from './bytes.js';

export const RECORD_HEADER_LENGTH = 2;
/** The largest UDP payload over IPv4. */
export const MAX_DATAGRAM_LENGTH = 65507;

/** Bytes that a packet takes in a datagram. */
export function recordLength(packet: Uint8Array): number {
  return RECORD_HEADER_LENGTH + packet.length;
}

/** Writes one record at `offset`; returns the offset behind it. */
export function writeRecord(datagram: Uint8Array, offset: number, packet: Uint8Array): number {
  writeU16(datagram, offset, packet.length);
  datagram.set(packet, offset + RECORD_HEADER_LENGTH);
  return offset + RECORD_HEADER_LENGTH + packet.length;
}

/**
 * Hands each record's packet (a view into the datagram) to `each`. False when the datagram ends within a record
 * or holds an empty one: what came before was handed over, the rest is lost.
 */
export function readRecords(datagram: Uint8Array, each: (packet: Uint8Array) => void): boolean {
  let at = 0;
  while (at < datagram.length) {
    const start = at + RECORD_HEADER_LENGTH;
    if (start > datagram.length) return false;
    const length = readU16(datagram, at);
    if (length === 0 || start + length > datagram.length) return false;
    each(datagram.subarray(start, start + length));
    at = start + length;
  }
  return true;
}

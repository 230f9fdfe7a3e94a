/**
 * The beginning of each datagram of a test, in network byte order; the rest is filling:
 *
 *     | seconds 4 | microseconds 4 | sequence 8 |
 *
 * The time is that of sending on the sender's clock, the sequence counts from 1.
 */

/** Bytes; no datagram of a test is shorter. */
export const DATAGRAM_HEADER_LENGTH = 16;
const SEQUENCE_OFFSET = 8;
const MICROSECONDS = 1_000_000;

export interface DatagramHeader {
  readonly sequence: number;
  readonly sentMs: number;
}

export function writeDatagramHeader(datagram: Buffer, { sequence, sentMs }: DatagramHeader): void {
  const time = Math.round(sentMs * 1000);
  datagram.writeUInt32BE(Math.floor(time / MICROSECONDS) >>> 0, 0);
  datagram.writeUInt32BE(time % MICROSECONDS, 4);
  datagram.writeBigUInt64BE(BigInt(sequence), SEQUENCE_OFFSET);
}

/** Undefined for what is no datagram of a test. */
export function readDatagramHeader(datagram: Buffer): DatagramHeader | undefined {
  if (datagram.length < DATAGRAM_HEADER_LENGTH) return undefined;
  const sequence = Number(datagram.readBigUInt64BE(SEQUENCE_OFFSET));
  const microseconds = datagram.readUInt32BE(4);
  if (sequence < 1 || sequence > Number.MAX_SAFE_INTEGER || microseconds >= MICROSECONDS) return undefined;
  return { sequence, sentMs: datagram.readUInt32BE(0) * 1000 + microseconds / 1000 };
}

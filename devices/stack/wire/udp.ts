/**
 * UDP (RFC 768).
 *
 * ```
 *  | source port 2 | destination port 2 | length 2 | checksum 2 | payload |
 * ```
 */
import type { Ipv4Address } from './address.js';
import { allocateBytes } from './allocate.js';
import { readU16, writeU16 } from './bytes.js';
import { finishSum, partialSum, pseudoHeaderSum } from './checksum.js';
import { PROTOCOL_UDP } from './ipv4.js';
import { type Malformed, malformed } from './malformed.js';

export const UDP_HEADER_LENGTH = 8;
/** 65,535 less the IP and UDP headers. */
export const MAX_UDP_PAYLOAD = 65507;

export interface UdpDatagram {
  /** 0 … 65535; 0 means that the sender expects no answer. */
  readonly srcPort: number;
  readonly dstPort: number;
  readonly payload: Uint8Array;
}

/** The addresses of the IP header are part of what the checksum covers; a checksum of 0 means none. */
export function parseUdp(bytes: Uint8Array, src: Ipv4Address, dst: Ipv4Address): UdpDatagram | Malformed {
  if (bytes.length < UDP_HEADER_LENGTH) return malformed('udp header truncated');
  const length = readU16(bytes, 4);
  if (length < UDP_HEADER_LENGTH || length > bytes.length) return malformed('udp length');
  const datagram = bytes.subarray(0, length);
  if (readU16(bytes, 6) !== 0) {
    const sum = partialSum(datagram, pseudoHeaderSum(src, dst, PROTOCOL_UDP, length));
    if (finishSum(sum) !== 0) return malformed('udp checksum');
  }
  return {
    srcPort: readU16(bytes, 0),
    dstPort: readU16(bytes, 2),
    payload: datagram.subarray(UDP_HEADER_LENGTH),
  };
}

export function emitUdp(datagram: UdpDatagram, src: Ipv4Address, dst: Ipv4Address): Uint8Array {
  const length = UDP_HEADER_LENGTH + datagram.payload.length;
  const bytes = allocateBytes(length);
  writeU16(bytes, 0, datagram.srcPort);
  writeU16(bytes, 2, datagram.dstPort);
  writeU16(bytes, 4, length);
  bytes.set(datagram.payload, UDP_HEADER_LENGTH);
  const checksum = finishSum(partialSum(bytes, pseudoHeaderSum(src, dst, PROTOCOL_UDP, length)));
  // RFC 768: a computed zero is sent as all ones, since zero says "no checksum".
  writeU16(bytes, 6, checksum === 0 ? 0xffff : checksum);
  return bytes;
}

export function formatUdp(datagram: UdpDatagram): string {
  return `UDP ${datagram.srcPort} > ${datagram.dstPort} ${datagram.payload.length} bytes`;
}

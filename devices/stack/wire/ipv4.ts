/**
 * The IPv4 header (RFC 791 section 3.1).
 *
 * ```
 *  | ver/ihl 1 | tos 1 | total length 2 | id 2 | flags/offset 2 | ttl 1 | proto 1 | checksum 2 | src 4 | dst 4 | options |
 * ```
 */
import { formatIpv4, type Ipv4Address } from './address.js';
import { allocateBytes } from './allocate.js';
import { readU16, readU32, writeU16, writeU32 } from './bytes.js';
import { internetChecksum } from './checksum.js';
import { type Malformed, malformed } from './malformed.js';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IGMP = 2;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const IPV4_HEADER_LENGTH = 20;
export const DEFAULT_TTL = 64;

export interface Ipv4Packet {
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  /** {@link PROTOCOL_TCP} and friends, 0 … 255. */
  readonly protocol: number;
  /** 0 … 255 */
  readonly ttl: number;
  /** RFC 791's type of service octet: DSCP and ECN. */
  readonly tos: number;
  /** 0 … 65535; tells the fragments of one datagram from those of another. */
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes, a multiple of 8, 0 … 65528. */
  readonly fragmentOffset: number;
  /** The options as they came, padded to a multiple of 4; empty for most. */
  readonly options: Uint8Array;
  /** Exactly what the total length covers: Ethernet padding is cut off. */
  readonly payload: Uint8Array;
}

export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | Malformed {
  if (bytes.length < IPV4_HEADER_LENGTH) return malformed('ipv4 header truncated');
  if (bytes[0] >>> 4 !== 4) return malformed('ip version is not 4');
  const headerLength = (bytes[0] & 15) * 4;
  const totalLength = readU16(bytes, 2);
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > bytes.length) return malformed('ipv4 header length');
  if (totalLength < headerLength || totalLength > bytes.length) return malformed('ipv4 total length');
  if (internetChecksum(bytes.subarray(0, headerLength)) !== 0) return malformed('ipv4 checksum');
  const flags = readU16(bytes, 6);
  return {
    src: readU32(bytes, 12),
    dst: readU32(bytes, 16),
    protocol: bytes[9],
    ttl: bytes[8],
    tos: bytes[1],
    identification: readU16(bytes, 4),
    dontFragment: (flags & 0x4000) !== 0,
    moreFragments: (flags & 0x2000) !== 0,
    fragmentOffset: (flags & 0x1fff) * 8,
    options: bytes.subarray(IPV4_HEADER_LENGTH, headerLength),
    payload: bytes.subarray(headerLength, totalLength),
  };
}

/** Header, options and payload with the checksum filled in. At most 65,535 bytes in all: the caller's duty. */
export function emitIpv4(packet: Ipv4Packet): Uint8Array {
  const headerLength = IPV4_HEADER_LENGTH + packet.options.length;
  const bytes = allocateBytes(headerLength + packet.payload.length);
  bytes[0] = 0x40 | (headerLength / 4);
  bytes[1] = packet.tos;
  writeU16(bytes, 2, bytes.length);
  writeU16(bytes, 4, packet.identification);
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0);
  writeU16(bytes, 6, flags | (packet.fragmentOffset / 8));
  bytes[8] = packet.ttl;
  bytes[9] = packet.protocol;
  writeU32(bytes, 12, packet.src);
  writeU32(bytes, 16, packet.dst);
  bytes.set(packet.options, IPV4_HEADER_LENGTH);
  writeU16(bytes, 10, internetChecksum(bytes.subarray(0, headerLength)));
  bytes.set(packet.payload, headerLength);
  return bytes;
}

export function formatIpv4Packet(packet: Ipv4Packet): string {
  const fragment =
    packet.moreFragments || packet.fragmentOffset > 0
      ? ` fragment ${packet.fragmentOffset}${packet.moreFragments ? '+' : ''}`
      : '';
  return `IP ${formatIpv4(packet.src)} > ${formatIpv4(packet.dst)} proto ${packet.protocol} ttl ${packet.ttl}${fragment} ${packet.payload.length} bytes`;
}

/** What an ICMP error quotes of the packet that caused it (RFC 792): the header, and the first bytes after it. */
export interface QuotedIpv4 {
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  readonly protocol: number;
  /** Of the whole packet, header included, as it was when the error arose. */
  readonly totalLength: number;
  /** In bytes; transport headers are there only when it is 0. */
  readonly fragmentOffset: number;
  /** At least 8 bytes. */
  readonly payload: Uint8Array;
}

/** Unlike {@link parseIpv4Packet} takes a packet that is cut short. Routers on the way may leave a stale checksum. */
export function parseQuotedIpv4(bytes: Uint8Array): QuotedIpv4 | Malformed {
  if (bytes.length < IPV4_HEADER_LENGTH || bytes[0] >>> 4 !== 4) return malformed('quoted header');
  const headerLength = (bytes[0] & 15) * 4;
  if (headerLength < IPV4_HEADER_LENGTH || bytes.length < headerLength + 8) return malformed('quote too short');
  return {
    src: readU32(bytes, 12),
    dst: readU32(bytes, 16),
    protocol: bytes[9],
    totalLength: readU16(bytes, 2),
    fragmentOffset: (readU16(bytes, 6) & 0x1fff) * 8,
    payload: bytes.subarray(headerLength),
  };
}

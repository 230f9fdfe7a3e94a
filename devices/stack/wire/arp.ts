/**
 * ARP for IPv4 over Ethernet (RFC 826).
 *
 * ```
 *  | htype 2 | ptype 2 | hlen 1 | plen 1 | oper 2 | sha 6 | spa 4 | tha 6 | tpa 4 |
 * ```
 */
import { formatIpv4, formatMac, type Ipv4Address, type MacAddress, readMac, writeMac } from './address.js';
import { readU16, readU32, writeU16, writeU32 } from './bytes.js';
import { ETHERTYPE_IPV4 } from './ethernet.js';
import { type Malformed, malformed } from './malformed.js';

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
export const ARP_LENGTH = 28;
const HARDWARE_ETHERNET = 1;

/** Field names are RFC 826's: sender/target hardware/protocol address. */
export interface ArpPacket {
  /** {@link ARP_REQUEST} or {@link ARP_REPLY}; other values are RARP and friends, refused by the parser. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}

/** Bytes after the 28th are Ethernet padding and are ignored. */
export function parseArp(bytes: Uint8Array): ArpPacket | Malformed {
  if (bytes.length < ARP_LENGTH) return malformed('arp truncated');
  if (readU16(bytes, 0) !== HARDWARE_ETHERNET || bytes[4] !== 6) return malformed('arp hardware is not ethernet');
  if (readU16(bytes, 2) !== ETHERTYPE_IPV4 || bytes[5] !== 4) return malformed('arp protocol is not ipv4');
  const operation = readU16(bytes, 6);
  if (operation !== ARP_REQUEST && operation !== ARP_REPLY) return malformed('arp operation unknown');
  return {
    operation,
    senderMac: readMac(bytes, 8),
    senderIp: readU32(bytes, 14),
    targetMac: readMac(bytes, 18),
    targetIp: readU32(bytes, 24),
  };
}

export function emitArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP_LENGTH);
  writeU16(bytes, 0, HARDWARE_ETHERNET);
  writeU16(bytes, 2, ETHERTYPE_IPV4);
  bytes[4] = 6;
  bytes[5] = 4;
  writeU16(bytes, 6, packet.operation);
  writeMac(bytes, 8, packet.senderMac);
  writeU32(bytes, 14, packet.senderIp);
  writeMac(bytes, 18, packet.targetMac);
  writeU32(bytes, 24, packet.targetIp);
  return bytes;
}

export function formatArp(packet: ArpPacket): string {
  const target = formatIpv4(packet.targetIp);
  const sender = formatIpv4(packet.senderIp);
  if (packet.operation === ARP_REPLY) return `ARP ${sender} is at ${formatMac(packet.senderMac)}`;
  if (packet.senderIp === packet.targetIp) return `ARP announcement for ${sender}`;
  return packet.senderIp === 0 ? `ARP probe for ${target}` : `ARP who has ${target}? tell ${sender}`;
}

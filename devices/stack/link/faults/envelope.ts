/** An IP packet in its frame, and packets made from it: the way back, and the way on, with the same addresses. */
import { type Ipv4Address, isGroupMac, type MacAddress } from '../../wire/address.js';
import {
  checkPacket,
  ETHERTYPE_IPV4,
  emitPacket,
  frameOf,
  PACKET_OVERHEAD,
  parseEthernet,
} from '../../wire/ethernet.js';
import type { Crc32 } from '../../wire/fcs.js';
import { DEFAULT_TTL, emitIpv4, type Ipv4Packet, parseIpv4Packet } from '../../wire/ipv4.js';
import { isMalformed } from '../../wire/malformed.js';
import type { Port } from '../port.js';

export interface Envelope {
  readonly dst: MacAddress;
  readonly src: MacAddress;
  readonly ip: Ipv4Packet;
  /** Header and payload as they are on the wire. */
  readonly ipBytes: Uint8Array;
}

/** Of what a receiver would take for a sound IPv4 packet to one station; undefined for all else. */
export function openEnvelope(packet: Uint8Array, port: Port): Envelope | undefined {
  if (packet.length <= PACKET_OVERHEAD || checkPacket(packet, port.mtu, port.crc32) !== undefined) return undefined;
  const frame = parseEthernet(frameOf(packet));
  if (isMalformed(frame) || frame.etherType !== ETHERTYPE_IPV4 || isGroupMac(frame.dst)) return undefined;
  const ip = parseIpv4Packet(frame.payload);
  if (isMalformed(ip)) return undefined;
  const headerLength = 20 + ip.options.length;
  return { dst: frame.dst, src: frame.src, ip, ipBytes: frame.payload.subarray(0, headerLength + ip.payload.length) };
}

export interface Content {
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** Default 0. */
  readonly tos?: number;
}

/** To the station that sent the packet, as if from the one that it went to. */
export function packetBack(envelope: Envelope, content: Content, crc32: Crc32): Uint8Array {
  return seal(envelope.src, envelope.dst, content, crc32);
}

/** To where the packet was going, in its place. */
export function packetOnward(envelope: Envelope, content: Content, crc32: Crc32): Uint8Array {
  return seal(envelope.dst, envelope.src, content, crc32);
}

function seal(dst: MacAddress, src: MacAddress, content: Content, crc32: Crc32): Uint8Array {
  const payload = emitIpv4({
    // RFC 6864 section 4.1: of an atomic datagram the identification means nothing.
    ...{ tos: 0, ttl: DEFAULT_TTL, identification: 0, dontFragment: true, moreFragments: false, fragmentOffset: 0 },
    options: new Uint8Array(0),
    ...content,
  });
  return emitPacket({ dst, src, etherType: ETHERTYPE_IPV4, payload }, crc32);
}

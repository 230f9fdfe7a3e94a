/**
 * Ethernet II (IEEE 802.3 clause 3). Two units, named as the standard names them:
 *
 * - a **frame**: destination MAC to the end of the padded data, without its FCS;
 * - a **packet**: preamble (7 × 0x55), start frame delimiter (0xd5), frame, FCS: what a link carries.
 *
 * ```
 *  packet:  | 55 55 55 55 55 55 55 | d5 | dst 6 | src 6 | type 2 | data 46…MTU | FCS 4 |
 * ```
 */
import { formatMac, type MacAddress, readMac, writeMac } from './address.js';
import { allocateBytes } from './allocate.js';
import { readU16, writeU16 } from './bytes.js';
import { type Crc32, FCS_LENGTH, readFcs, writeFcs } from './fcs.js';
import { type Malformed, malformed } from './malformed.js';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
/** IEEE 802.1Q: a tag of 4 bytes, the real type behind it. */
export const ETHERTYPE_VLAN = 0x8100;
const VLAN_TAG_LENGTH = 4;

export const ETHERNET_HEADER_LENGTH = 14;
/** Without the FCS: IEEE 802.3's minFrameSize of 64 less 4. */
export const MIN_FRAME_LENGTH = 60;
export const PREAMBLE_LENGTH = 7;
export const SFD = 0xd5;
const PREAMBLE_BYTE = 0x55;
/** Preamble and SFD: where a packet's frame begins. */
export const FRAME_OFFSET = PREAMBLE_LENGTH + 1;
/** All that a packet has besides its frame. */
export const PACKET_OVERHEAD = FRAME_OFFSET + FCS_LENGTH;
/** Data bytes that one frame can carry on standard Ethernet. */
export const ETHERNET_MTU = 1500;

export interface EthernetFrame {
  readonly dst: MacAddress;
  readonly src: MacAddress;
  /** ≥ 0x0600 for Ethernet II; smaller values are IEEE 802.3 lengths, which this project counts and drops. */
  readonly etherType: number;
  /** May be longer than what the upper layer sent: padding cannot be told apart here. */
  readonly payload: Uint8Array;
}

export function parseEthernet(frame: Uint8Array): EthernetFrame | Malformed {
  if (frame.length < ETHERNET_HEADER_LENGTH) return malformed('ethernet header truncated');
  return {
    dst: readMac(frame, 0),
    src: readMac(frame, 6),
    etherType: readU16(frame, 12),
    payload: frame.subarray(ETHERNET_HEADER_LENGTH),
  };
}

/** The frame, padded with zeros to {@link MIN_FRAME_LENGTH}. */
export function emitEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = allocateBytes(Math.max(MIN_FRAME_LENGTH, ETHERNET_HEADER_LENGTH + frame.payload.length));
  writeEthernet(bytes, 0, frame);
  return bytes;
}

function writeEthernet(bytes: Uint8Array, offset: number, frame: EthernetFrame): void {
  writeMac(bytes, offset, frame.dst);
  writeMac(bytes, offset + 6, frame.src);
  writeU16(bytes, offset + 12, frame.etherType);
  bytes.set(frame.payload, offset + ETHERNET_HEADER_LENGTH);
}

/** Emits the frame straight into a packet: one allocation and one copy of the payload. */
export function emitPacket(frame: EthernetFrame, crc32: Crc32): Uint8Array {
  const length = Math.max(MIN_FRAME_LENGTH, ETHERNET_HEADER_LENGTH + frame.payload.length);
  const packet = allocateBytes(length + PACKET_OVERHEAD);
  writeEthernet(packet, FRAME_OFFSET, frame);
  return seal(packet, crc32);
}

/** Wraps the bytes of a frame (padded here when shorter than 60) into a packet. */
export function packetFromFrame(frame: Uint8Array, crc32: Crc32): Uint8Array {
  const packet = allocateBytes(Math.max(MIN_FRAME_LENGTH, frame.length) + PACKET_OVERHEAD);
  packet.set(frame, FRAME_OFFSET);
  return seal(packet, crc32);
}

function seal(packet: Uint8Array, crc32: Crc32): Uint8Array {
  packet.fill(PREAMBLE_BYTE, 0, PREAMBLE_LENGTH);
  packet[PREAMBLE_LENGTH] = SFD;
  const end = packet.length - FCS_LENGTH;
  writeFcs(packet, end, crc32(packet.subarray(FRAME_OFFSET, end)));
  return packet;
}

/** The frame inside a packet: a view, not a copy. The packet must have passed {@link checkPacket}. */
export function frameOf(packet: Uint8Array): Uint8Array {
  return packet.subarray(FRAME_OFFSET, packet.length - FCS_LENGTH);
}

/** Why a receiver refuses a packet; the names of the counters. */
export type PacketFault = 'badPreamble' | 'runt' | 'giant' | 'badFcs';

/** IEEE 802.3 section 3.2.7: whether the frame is longer than a link of this MTU carries; one 802.1Q tag is free. */
export function isGiant(packet: Uint8Array, mtu: number): boolean {
  const surplus = packet.length - PACKET_OVERHEAD - ETHERNET_HEADER_LENGTH - mtu;
  if (surplus <= 0) return false;
  return surplus > VLAN_TAG_LENGTH || readU16(packet, FRAME_OFFSET + 12) !== ETHERTYPE_VLAN;
}

/**
 * What a receiver checks before it looks at any address: preamble and SFD, length (60 … 14 + mtu without FCS, 4 more
 * for one 802.1Q tag), FCS. Undefined when the packet is sound.
 */
export function checkPacket(packet: Uint8Array, mtu: number, crc32: Crc32): PacketFault | undefined {
  if (packet.length < FRAME_OFFSET) return 'runt';
  for (let i = 0; i < PREAMBLE_LENGTH; i++) if (packet[i] !== PREAMBLE_BYTE) return 'badPreamble';
  if (packet[PREAMBLE_LENGTH] !== SFD) return 'badPreamble';
  const frameLength = packet.length - PACKET_OVERHEAD;
  if (frameLength < MIN_FRAME_LENGTH) return 'runt';
  if (isGiant(packet, mtu)) return 'giant';
  const end = packet.length - FCS_LENGTH;
  return crc32(packet.subarray(FRAME_OFFSET, end)) === readFcs(packet, end) ? undefined : 'badFcs';
}

/** One line for traces: `02:… > ff:… 0x0806 46 bytes`. */
export function formatEthernet(frame: EthernetFrame): string {
  const type = `0x${frame.etherType.toString(16).padStart(4, '0')}`;
  return `${formatMac(frame.src)} > ${formatMac(frame.dst)} ${type} ${frame.payload.length} bytes`;
}

/**
 * VXLAN (RFC 7348 section 5): an Ethernet frame, without preamble and FCS, as the payload of a UDP datagram.
 *
 * ```
 *  | flags 1: only I (0x08) means something | reserved 3 | VNI 3 | reserved 1 | frame |
 * ```
 *
 * The VNI says which of the many segments between two tunnel ends the frame belongs to. Linux drops what has any
 * reserved bit set, against the RFC, which wants them ignored; what it sends has none, so that nobody can tell.
 */
import { allocateBytes } from './allocate.js';
import { readU32 } from './bytes.js';
import { type Malformed, malformed } from './malformed.js';

export const VXLAN_HEADER_LENGTH = 8;
/** The largest VXLAN network identifier: 24 bits. */
export const MAX_VNI = 0xffffff;
/** The port that IANA has assigned; the ends may agree on another one. */
export const VXLAN_PORT = 4789;

const FLAG_VNI = 0x08;

export interface VxlanPacket {
  /** 0 … {@link MAX_VNI} */
  readonly vni: number;
  /** Destination MAC to the end of the data; of any length, as far as this header is concerned. A view, not a copy. */
  readonly frame: Uint8Array;
}

/** RFC 7348 section 5: the I flag must be set; all reserved bits are ignored on receipt. */
export function parseVxlan(bytes: Uint8Array): VxlanPacket | Malformed {
  if (bytes.length < VXLAN_HEADER_LENGTH) return malformed('vxlan header truncated');
  if ((bytes[0] & FLAG_VNI) === 0) return malformed('vxlan without a vni');
  return { vni: readU32(bytes, 4) >>> 8, frame: bytes.subarray(VXLAN_HEADER_LENGTH) };
}

/** The header alone, for a sender that need not copy the frame. */
export function vxlanHeader(vni: number): Uint8Array {
  return Uint8Array.of(FLAG_VNI, 0, 0, 0, vni >>> 16, vni >>> 8, vni, 0);
}

export function emitVxlan({ vni, frame }: VxlanPacket): Uint8Array {
  const bytes = allocateBytes(VXLAN_HEADER_LENGTH + frame.length);
  bytes.set(vxlanHeader(vni));
  bytes.set(frame, VXLAN_HEADER_LENGTH);
  return bytes;
}

/** One line for traces: `VXLAN vni 42 60 bytes`. */
export function formatVxlan({ vni, frame }: VxlanPacket): string {
  return `VXLAN vni ${vni} ${frame.length} bytes`;
}

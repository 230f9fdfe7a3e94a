/** The headers of a TCP segment that was lost, also of one whose bits were damaged: most of them are as they were. */
import { readU16, readU32 } from '../../devices/stack/wire/bytes.js';
import { PROTOCOL_TCP } from '../../devices/stack/wire/ipv4.js';
import { TCP_HEADER_LENGTH } from '../../devices/stack/wire/tcp.js';
import type { LabFrame } from '../capture/session.js';

const IPV4_HEADER_LENGTH = 20;

export interface LostSegment {
  readonly src: number;
  readonly dst: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** Bytes of data. */
  readonly length: number;
}

/** Undefined for all that is no segment, or cannot be taken for one. */
export function lostSegment({ layers: { ethernet, ip, tcp }, dataLength }: LabFrame): LostSegment | undefined {
  if (ip !== undefined && tcp !== undefined) {
    const { srcPort, dstPort, seq, ack, flags } = tcp;
    return { src: ip.src, dst: ip.dst, srcPort, dstPort, seq, ack, flags, length: dataLength };
  }
  return ethernet === undefined ? undefined : damagedSegment(ethernet.payload);
}

/** Without a look at any checksum, which does not fit. */
function damagedSegment(packet: Uint8Array): LostSegment | undefined {
  const at = (packet[0] & 15) * 4;
  const end = readU16(packet, 2);
  if (packet[0] >> 4 !== 4 || packet[9] !== PROTOCOL_TCP || at < IPV4_HEADER_LENGTH) return undefined;
  if (end > packet.length || end < at + TCP_HEADER_LENGTH || readU16(packet, 6) & 0x3fff) return undefined;
  return {
    src: readU32(packet, 12),
    dst: readU32(packet, 16),
    srcPort: readU16(packet, at),
    dstPort: readU16(packet, at + 2),
    seq: readU32(packet, at + 4),
    ack: readU32(packet, at + 8),
    flags: packet[at + 13],
    length: Math.max(0, end - at - (packet[at + 12] >> 4) * 4),
  };
}

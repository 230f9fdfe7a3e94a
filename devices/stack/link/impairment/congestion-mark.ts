import { readU16, writeU16 } from '../../wire/bytes.js';
import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4, ETHERTYPE_VLAN, FRAME_OFFSET } from '../../wire/ethernet.js';
import { type Crc32, FCS_LENGTH, readFcs, writeFcs } from '../../wire/fcs.js';
import { IPV4_HEADER_LENGTH } from '../../wire/ipv4.js';

/** RFC 3168 section 5: not ECN-capable is 0; CE says that congestion was met. */
const NOT_ECT = 0;
const CE = 3;
const VLAN_TAG_LENGTH = 4;

/**
 * A copy of the packet whose IPv4 header says that it has met congestion; the packet itself when it says so already;
 * undefined when it does not say that its sender knows ECN. Checksum and FCS are changed by what the mark changes (RFC 1624
 * for the one, the linearity of a CRC for the other), never computed anew: one that was wrong is as wrong as before.
 */
export function markCongestion(packet: Uint8Array, crc32: Crc32): Uint8Array | undefined {
  const ip = ipv4At(packet);
  if (ip === undefined) return undefined;
  const ecn = packet[ip + 1] & CE;
  if (ecn === NOT_ECT) return undefined;
  if (ecn === CE) return packet;
  const marked = packet.slice();
  marked[ip + 1] |= CE;
  // RFC 1624 equation 3: HC' = ~(~HC + ~m + m').
  const sum = (~readU16(packet, ip + 10) & 0xffff) + (~readU16(packet, ip) & 0xffff) + readU16(marked, ip);
  const folded = (sum & 0xffff) + (sum >>> 16);
  writeU16(marked, ip + 10, ~((folded & 0xffff) + (folded >>> 16)) & 0xffff);
  const end = packet.length - FCS_LENGTH;
  const difference = crc32(packet.subarray(FRAME_OFFSET, end)) ^ crc32(marked.subarray(FRAME_OFFSET, end));
  writeFcs(marked, end, (readFcs(packet, end) ^ difference) >>> 0);
  return marked;
}

/** Where the IPv4 header begins, behind one VLAN tag or none. */
function ipv4At(packet: Uint8Array): number | undefined {
  let at = FRAME_OFFSET + ETHERNET_HEADER_LENGTH;
  const isLongEnough = () => packet.length >= at + IPV4_HEADER_LENGTH + FCS_LENGTH;
  if (!isLongEnough()) return undefined;
  if (readU16(packet, at - 2) === ETHERTYPE_VLAN) at += VLAN_TAG_LENGTH;
  if (!isLongEnough() || readU16(packet, at - 2) !== ETHERTYPE_IPV4) return undefined;
  return packet[at] >>> 4 === 4 ? at : undefined;
}

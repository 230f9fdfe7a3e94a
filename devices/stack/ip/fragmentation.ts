/** Cutting a packet into pieces that a link can carry (RFC 791 section 3.2). */
import { IPV4_HEADER_LENGTH, type Ipv4Packet } from '../wire/ipv4.js';

const OPTION_END = 0;
const OPTION_NOP = 1;
/** RFC 791 section 3.1: this bit of an option's type says that every fragment carries it. */
const COPIED = 0x80;

export function totalLength(packet: Ipv4Packet): number {
  return IPV4_HEADER_LENGTH + packet.options.length + packet.payload.length;
}

/**
 * The packet in fragments of at most `mtu` bytes each, in order. A packet that is a fragment itself is cut
 * further. The caller has looked at don't-fragment; `mtu` is at least 68 (RFC 791: every link carries that).
 */
export function fragment(packet: Ipv4Packet, mtu: number): Ipv4Packet[] {
  if (totalLength(packet) <= mtu) return [packet];
  const fragments: Ipv4Packet[] = [];
  let { options } = packet;
  for (let start = 0; start < packet.payload.length; ) {
    const room = mtu - IPV4_HEADER_LENGTH - options.length;
    const rest = packet.payload.length - start;
    // All but the last carry a multiple of 8 bytes: that is the unit of the offset.
    const length = rest <= room ? rest : room & ~7;
    fragments.push({
      ...packet,
      options,
      fragmentOffset: packet.fragmentOffset + start,
      moreFragments: start + length < packet.payload.length || packet.moreFragments,
      payload: packet.payload.subarray(start, start + length),
    });
    if (start === 0) options = copiedOptions(options);
    start += length;
  }
  return fragments;
}

/** The options that later fragments carry too, padded with ends of list to a multiple of 4. */
export function copiedOptions(options: Uint8Array): Uint8Array {
  const copied: number[] = [];
  for (let at = 0; at < options.length; ) {
    const type = options[at];
    if (type === OPTION_END) break;
    const length = type === OPTION_NOP ? 1 : options[at + 1];
    // A broken list ends where it breaks.
    if (length === undefined || length < 1 || (type !== OPTION_NOP && length < 2)) break;
    if (at + length > options.length) break;
    if (type & COPIED) copied.push(...options.subarray(at, at + length));
    at += length;
  }
  while (copied.length % 4 !== 0) copied.push(OPTION_END);
  return Uint8Array.from(copied);
}

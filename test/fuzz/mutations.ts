/** Damage of every kind to sound packets, most of it with checksums that fit again, so that it gets past the first look. */
import type { Random } from '../../devices/stack/random.js';
import { readU16, readU32, writeU16, writeU32 } from '../../devices/stack/wire/bytes.js';
import { finishSum, internetChecksum, partialSum, pseudoHeaderSum } from '../../devices/stack/wire/checksum.js';
import { ETHERTYPE_IPV4, FRAME_OFFSET, frameOf, packetFromFrame } from '../../devices/stack/wire/ethernet.js';
import { PROTOCOL_TCP } from '../../devices/stack/wire/ipv4.js';

export type PacketMaker = Parameters<typeof packetFromFrame>[1];

const IP = 14;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];
/** Where a checksum lies in the header, by IP protocol. */
const CHECKSUM_AT = new Map([
  [1, 2],
  [6, 16],
  [17, 6],
]);

/** The IPv4 header and what is behind it; undefined for what is no such packet any more. */
function ipv4Parts(frame: Uint8Array): { headerLength: number; segment: Uint8Array } | undefined {
  if (frame.length < IP + 20 || readU16(frame, 12) !== ETHERTYPE_IPV4 || frame[IP] >>> 4 !== 4) return undefined;
  const headerLength = (frame[IP] & 15) * 4;
  const total = Math.min(readU16(frame, IP + 2), frame.length - IP);
  if (headerLength < 20 || headerLength > total) return undefined;
  return { headerLength, segment: frame.subarray(IP + headerLength, IP + total) };
}

function mendChecksums(frame: Uint8Array): void {
  const parts = ipv4Parts(frame);
  if (parts === undefined) return;
  const { headerLength, segment } = parts;
  writeU16(frame, IP + 10, 0);
  writeU16(frame, IP + 10, internetChecksum(frame.subarray(IP, IP + headerLength)));
  const protocol = frame[IP + 9];
  const at = CHECKSUM_AT.get(protocol);
  if (at === undefined || segment.length < at + 2) return;
  writeU16(segment, at, 0);
  const [src, dst] = [readU32(frame, IP + 12), readU32(frame, IP + 16)];
  const initial = protocol === 1 ? 0 : pseudoHeaderSum(src, dst, protocol, segment.length);
  writeU16(segment, at, finishSum(partialSum(segment, initial)));
}

/** Bytes lost, doubled, flipped, cut off. */
function editBytes(frame: Uint8Array, random: Random): Uint8Array {
  let edited = frame;
  // Mostly the addresses stay, so that the frame is for somebody.
  const from = random.chance(0.9) ? 12 : 0;
  for (let edits = random.below(4); edits > 0; edits--) {
    const span = Math.min(edited.length - from, random.chance(0.7) ? 60 : edited.length);
    if (span <= 0) break;
    const at = from + random.below(span);
    const choice = random.below(5);
    if (choice === 0) edited[at] ^= 1 << random.below(8);
    else if (choice === 1) edited[at] = random.below(256);
    else if (choice === 2) edited[at] = INTERESTING[random.below(INTERESTING.length)];
    else if (choice === 3) edited = edited.slice(0, Math.max(IP, at));
    else if (at > 0) edited = Uint8Array.from([...edited.subarray(0, at), ...edited.subarray(random.below(at))]);
  }
  return edited;
}

/** Numbers near those that the connection expects, any flags, any window: what an attacker would try. */
function editTcp(frame: Uint8Array, random: Random): void {
  const parts = ipv4Parts(frame);
  if (parts === undefined || frame[IP + 9] !== PROTOCOL_TCP || parts.segment.length < 20) return;
  const { segment } = parts;
  const near = () => random.below(random.chance(0.5) ? 100 : 100_000) - (random.chance(0.5) ? 50 : 50_000);
  if (random.chance(0.4)) writeU32(segment, 4, (readU32(segment, 4) + near()) >>> 0);
  if (random.chance(0.4)) writeU32(segment, 8, (readU32(segment, 8) + near()) >>> 0);
  if (random.chance(0.4)) segment[13] = random.below(256);
  if (random.chance(0.2)) writeU16(segment, 14, random.chance(0.5) ? random.below(4) : random.below(65_536));
  if (random.chance(0.1)) writeU16(segment, 0, random.below(65_536));
  if (random.chance(0.05)) writeU32(frame, IP + 12, random.uint32());
}

/** A packet that is like this one, but not quite. */
export function mutate(packet: Uint8Array, random: Random, crc32: PacketMaker): Uint8Array {
  let frame: Uint8Array = frameOf(packet).slice();
  if (random.chance(0.4)) editTcp(frame, random);
  if (random.chance(0.7)) frame = editBytes(frame, random);
  if (random.chance(0.9)) mendChecksums(frame);
  const whole = packetFromFrame(frame.subarray(0, 1600), crc32);
  if (random.chance(0.03)) whole[random.below(whole.length)] ^= 1;
  return random.chance(0.02) ? whole.subarray(0, random.below(FRAME_OFFSET + 80)) : whole;
}

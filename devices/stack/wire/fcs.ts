/**
 * The frame check sequence of IEEE 802.3 section 3.2.9: CRC-32 (polynomial 0x04c11db7, reflected), sent
 * least significant byte first. The table version here needs nothing; the runtime hands the stack a
 * native one of the same type, several times as fast.
 */
export type Crc32 = (bytes: Uint8Array) => number;

const TABLE = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  TABLE[n] = value;
}

/** CRC-32 as an unsigned 32-bit number. */
export const crc32: Crc32 = (bytes) => {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = TABLE[(value ^ bytes[i]) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
};

export const FCS_LENGTH = 4;

/** Writes `fcs` at `offset` in the order of the wire: least significant byte first. */
export function writeFcs(bytes: Uint8Array, offset: number, fcs: number): void {
  bytes[offset] = fcs;
  bytes[offset + 1] = fcs >>> 8;
  bytes[offset + 2] = fcs >>> 16;
  bytes[offset + 3] = fcs >>> 24;
}

export function readFcs(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0;
}

/**
 * Memory for packets. An array of its own costs more than all else that is done to a full-sized packet, since the
 * engine takes it from the system and clears it alone: packets share larger blocks, each byte of which is handed out
 * once. A block lives as long as one of its packets; whoever keeps a few bytes for long keeps a copy.
 */
const BLOCK_LENGTH = 32 * 1024;
/** What is larger gets an array of its own, so that little of a block is wasted at its end. */
const LARGEST_SHARED = 4 * 1024;

let block = new Uint8Array(0);
let used = 0;

/** So many bytes, all 0. */
export function allocateBytes(length: number): Uint8Array {
  if (length > LARGEST_SHARED) return new Uint8Array(length);
  if (used + length > block.length) {
    block = new Uint8Array(BLOCK_LENGTH);
    used = 0;
  }
  const bytes = block.subarray(used, used + length);
  // Whole words: checksums and copies are faster there.
  used = (used + length + 7) & ~7;
  return bytes;
}

/** Bits that are flipped on the way. Nobody computes the FCS anew: the receiver finds out, as on a real line. */
import type { Random } from '../../random.js';
import { FRAME_OFFSET } from '../../wire/ethernet.js';

/** Bits of a packet that can be hit: all behind the preamble, the FCS too. */
export function frameBits(packet: Uint8Array): number {
  return Math.max(0, packet.length - FRAME_OFFSET) * 8;
}

/** A copy in which these bits, counted from behind the preamble, are flipped. */
export function flipBits(packet: Uint8Array, bits: readonly number[]): Uint8Array {
  const damaged = packet.slice();
  for (const bit of bits) damaged[FRAME_OFFSET + (bit >>> 3)] ^= 1 << (bit & 7);
  return damaged;
}

/**
 * Each bit is hit by itself with the same probability. What is drawn is not each bit's fate but the distance to the next
 * one that is hit, so that a rare error costs nothing for the packets between. The distance is kept as a share of an
 * exponential life time: with it another rate goes on where the last one stopped, and no draw is lost or repeated.
 */
export class BitErrors {
  private readonly random: Random;
  /** Exponentially distributed with mean 1; each bit uses up −ln(1 − rate) of it. */
  private life: number | undefined;

  constructor(random: Random) {
    this.random = random.fork('bit errors');
  }

  /** Which of the next so many bits are hit; undefined when none is. */
  next(bits: number, rate: number): number[] | undefined {
    if (rate >= 1) return bits === 0 ? undefined : Array.from({ length: bits }, (_, bit) => bit);
    const wear = -Math.log1p(-rate);
    this.life ??= this.draw();
    let hit: number[] | undefined;
    let at = 0;
    for (;;) {
      const sound = Math.floor(this.life / wear);
      if (sound >= bits - at) break;
      at += sound;
      hit ??= [];
      hit.push(at);
      at += 1;
      this.life = this.draw();
    }
    this.life = Math.max(0, this.life - (bits - at) * wear);
    return hit;
  }

  /** Never 0 and never endless: the middle of each of the generator's steps. */
  private draw(): number {
    return -Math.log((this.random.uint32() + 0.5) / 0x100000000);
  }
}

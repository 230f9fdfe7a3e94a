/** Endless bytes of a seed, for transfers of any length that are checked to the last byte without being kept. */
import { Random } from '../../devices/stack/random.js';

/** Prime, so that no segment size divides it: what arrives at a wrong place does not look right. */
const PERIOD = 65_521;

export class BytePattern {
  private readonly period: Uint8Array;

  constructor(seed: string) {
    const random = new Random(seed);
    const words = Uint32Array.from({ length: Math.ceil(PERIOD / 4) }, () => random.uint32());
    const once = new Uint8Array(words.buffer, 0, PERIOD);
    // Twice, so that any stretch up to a period is a view.
    this.period = new Uint8Array(2 * PERIOD);
    this.period.set(once);
    this.period.set(once, PERIOD);
  }

  /** Bytes from `offset` on; at most `length`, at most 65,521. */
  at(offset: number, length: number): Uint8Array {
    const start = offset % PERIOD;
    return this.period.subarray(start, start + Math.min(length, PERIOD));
  }

  /** Where the bytes differ from those that belong at `offset`; -1 when they are the same. */
  differsAt(offset: number, bytes: Uint8Array): number {
    for (let done = 0; done < bytes.length; done += PERIOD) {
      const piece = bytes.subarray(done, done + PERIOD);
      const expected = this.at(offset + done, piece.length);
      if (Buffer.compare(piece, expected) === 0) continue;
      return offset + done + piece.findIndex((byte, index) => byte !== expected[index]);
    }
    return -1;
  }
}

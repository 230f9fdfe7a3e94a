/**
 * HalfSipHash-2-4 (Aumasson, Bernstein; the 32-bit sibling of SipHash): the keyed pseudorandom function under
 * initial sequence numbers and ephemeral ports. A peer that sees outputs learns nothing about others.
 */
export class KeyedHash {
  private readonly key0: number;
  private readonly key1: number;

  /** Two 32-bit halves of the secret key. */
  constructor(key0: number, key1: number) {
    this.key0 = key0;
    this.key1 = key1;
  }

  /** Unsigned 32-bit hash of 32-bit words, each taken as four bytes, lowest first. */
  hash(words: readonly number[]): number {
    let v0 = this.key0 | 0;
    let v1 = this.key1 | 0;
    let v2 = this.key0 ^ 0x6c796765;
    let v3 = this.key1 ^ 0x74656462;

    const rounds = (count: number) => {
      for (let i = 0; i < count; i++) {
        v0 = (v0 + v1) | 0;
        v1 = rotateLeft(v1, 5) ^ v0;
        v0 = rotateLeft(v0, 16);
        v2 = (v2 + v3) | 0;
        v3 = rotateLeft(v3, 8) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = rotateLeft(v3, 7) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = rotateLeft(v1, 13) ^ v2;
        v2 = rotateLeft(v2, 16);
      }
    };

    // The last word carries the length of the message in its highest byte.
    for (const word of [...words, (words.length * 4) << 24]) {
      v3 ^= word;
      rounds(2);
      v0 ^= word;
    }
    v2 ^= 0xff;
    rounds(4);
    return (v1 ^ v3) >>> 0;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

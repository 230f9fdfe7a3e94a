/**
 * Seeded randomness: the same seed gives the same draws on every machine. One stream a purpose: a fork is
 * derived from its parent's seed and its label alone, never from how much the parent was used.
 */
export class Random {
  private readonly seed: number;
  private state: number;

  /** Any text or number; equal ones give equal streams. */
  constructor(seed: string | number) {
    this.seed = hash(String(seed), 0x811c9dc5);
    this.state = this.seed;
  }

  /** An independent stream for one purpose: `random.fork('link client-sw1 loss')`. */
  fork(label: string): Random {
    return new Random(`${this.seed}/${label}`);
  }

  /** Uniform unsigned 32-bit integer (splitmix32). */
  uint32(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.uint32() / 0x100000000;
  }

  /** Uniform integer in [0, bound); bound 1 … 2^32. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** True with the given probability, 0 … 1. One draw, whatever the probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }
}

/** FNV-1a over UTF-16 code units, finished with a mixing step so that short labels spread. */
function hash(text: string, basis: number): number {
  let value = basis;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Draws as faults need them: of a stream of their own, and rounded, so that what came out can be written down. */
import { Random } from '../../devices/control.js';

export class Dice {
  private readonly random: Random;

  constructor(seed: string, purpose: string) {
    this.random = new Random(seed).fork(`chaos monkey ${purpose}`);
  }

  chance(probability: number): boolean {
    return this.random.chance(probability);
  }

  one<T>(of: readonly T[]): T {
    return of[this.random.below(of.length)];
  }

  whole(from: number, to: number): number {
    return from + this.random.below(to - from + 1);
  }

  /** Small ones are as likely as large ones: uniform in the logarithm; two significant digits. */
  scaled(from: number, to: number): number {
    return Number((from * (to / from) ** this.random.uniform()).toPrecision(2));
  }

  /** With the mean of 1. */
  exponential(): number {
    return -Math.log(1 - this.random.uniform());
  }

  /** Each with its weight. */
  weighted<T>(of: readonly (readonly [value: T, weight: number])[]): T {
    let left = this.random.uniform() * of.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of of) {
      left -= weight;
      if (left < 0) return value;
    }
    return of[of.length - 1][0];
  }
}

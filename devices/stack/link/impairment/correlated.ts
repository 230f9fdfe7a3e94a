import type { Random } from '../../random.js';

/**
 * Draws from [0, 1), of which each repeats the one before it with a given probability. So it is distributed as without
 * correlation, and the correlation of neighbours is that probability (of the n-th next one its n-th power). tc-netem takes
 * the weighted mean of both instead, which draws everything towards the middle: 1 % of loss with a correlation of 25 %
 * hardly ever loses a frame there.
 */
export class CorrelatedDraws {
  /** The last draw; undefined before the first one. */
  last: number | undefined;
  /** Whether it repeated the one before it. */
  repeated = false;
  private readonly fresh: Random;
  private readonly repeats: Random;

  constructor(random: Random, purpose: string) {
    this.fresh = random.fork(purpose);
    this.repeats = random.fork(`${purpose} repeats`);
  }

  /** The stream of fresh draws moves on with each call: a correlation that comes and goes does not shift it. */
  next(correlation = 0): number {
    const value = this.fresh.uniform();
    this.repeated = correlation > 0 && this.repeats.chance(correlation) && this.last !== undefined;
    if (this.last === undefined || !this.repeated) this.last = value;
    return this.last;
  }

  chance(probability: number, correlation?: number): boolean {
    return this.next(correlation) < probability;
  }
}

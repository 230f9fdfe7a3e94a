/** Which of the packets that match a rule are hit: the first so many are skipped, of the rest a share, until it was enough. */
import type { Random } from '../../random.js';

/** What is counted: packets that were skipped, and packets that were hit. */
export type ClaimSeries = 'skip' | 'hit';

/**
 * Draws the next number of a series, 1 … limit, that nobody who counts together has drawn before; 0 when there is none
 * left, undefined when it cannot be known any more.
 */
export type Claim = (series: ClaimSeries, limit: number) => number | undefined;

export interface ChoiceOptions {
  /** Default 0. */
  readonly skip?: number;
  /** Left out: no limit. */
  readonly count?: number;
  /** 0 … 1, default 1. */
  readonly share?: number;
  readonly random: Random;
  /** Default: numbers of its own. */
  readonly claim?: Claim;
}

/** Numbers for one that counts alone. */
export function ownClaim(): Claim {
  const drawn = { skip: 0, hit: 0 };
  return (series, limit) => {
    if (drawn[series] >= limit) return 0;
    drawn[series] += 1;
    return drawn[series];
  };
}

export class Choice {
  /** Nothing will be hit any more. */
  exhausted = false;
  private readonly count: number | undefined;
  private readonly share: number;
  private readonly random: Random;
  private readonly claim: Claim;
  /** 0 once all that are to be skipped have been. */
  private skip: number;

  constructor({ skip = 0, count, share = 1, random, claim = ownClaim() }: ChoiceOptions) {
    this.skip = skip;
    this.count = count;
    this.share = share;
    this.random = random;
    this.claim = claim;
  }

  /** For the next packet that matches. */
  take(): boolean {
    if (this.exhausted) return false;
    if (this.skip > 0) {
      const number = this.claim('skip', this.skip);
      this.exhausted = number === undefined;
      if (number !== 0) return false;
      this.skip = 0;
    }
    if (this.share < 1 && !this.random.chance(this.share)) return false;
    if (this.count === undefined) return true;
    const number = this.claim('hit', this.count) ?? 0;
    this.exhausted = number === 0 || number === this.count;
    return number > 0;
  }
}

import type { Impairment } from '../../link-settings.js';
import type { Random } from '../../random.js';
import { CorrelatedDraws } from './correlated.js';

export function reordersPackets({ reorder, reorderGap }: Impairment): boolean {
  return reorder === undefined ? reorderGap !== undefined : reorder > 0;
}

/** Which packets are held back, so that later ones overtake them. */
export class Reordering {
  private readonly draws: CorrelatedDraws;
  /** Since the last packet whose turn it was. */
  private packets = 0;

  constructor(random: Random) {
    this.draws = new CorrelatedDraws(random, 'reorder');
  }

  /** Every packet draws, also while it is not the turn of one. */
  next({ reorder = 1, reorderGap = 1, reorderCorrelation }: Impairment): boolean {
    const chosen = this.draws.chance(reorder, reorderCorrelation);
    this.packets += 1;
    if (this.packets < reorderGap) return false;
    this.packets = 0;
    return chosen;
  }
}

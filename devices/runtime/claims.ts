/**
 * Numbers that several processes, or one in several lives, draw from one folder, each of them once: who creates the file of a
 * number has drawn it (O_EXCL). No messages, no waiting, and no number is lost or drawn twice, whoever dies when.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../apps/machine.js';
import type { Claim, ClaimSeries } from '../stack/link/faults/choice.js';

/**
 * Draws from that folder, in which the files `skip-1`, `hit-1`, … are made. When it fails (the folder has gone with its
 * fault) that is logged once, and there are no numbers any more.
 */
export function folderClaims(folder: string, log: Logger): Claim {
  /** The last number of each series that is known to be drawn: the search goes on behind it. */
  const known: Record<ClaimSeries, number> = { skip: 0, hit: 0 };
  let failed = false;
  return (series, limit) => {
    const pathOf = (number: number) => join(folder, `${series}-${number}`);
    while (!failed && known[series] < limit) {
      const next = known[series] + 1;
      try {
        closeSync(openSync(pathOf(next), 'wx', 0o600));
        known[series] = next;
        return next;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
          known[series] = lastDrawn(next, limit, (number) => existsSync(pathOf(number)));
          continue;
        }
        failed = true;
        log.warn({ err: error }, `a rule ends: it cannot count in ${folder}`);
      }
    }
    return failed ? undefined : 0;
  };
}

/**
 * Numbers are drawn in order, so that all before a drawn one are drawn: who comes late, or for a second time, finds the last
 * one in a few steps, however many there are.
 */
function lastDrawn(drawn: number, limit: number, isDrawn: (number: number) => boolean): number {
  let low = drawn;
  let step = 1;
  while (low + step <= limit && isDrawn(low + step)) {
    low += step;
    step *= 2;
  }
  let free = Math.min(low + step, limit + 1);
  while (free - low > 1) {
    const middle = (low + free) >>> 1;
    if (isDrawn(middle)) low = middle;
    else free = middle;
  }
  return low;
}

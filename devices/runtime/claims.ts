/**
 * Numbers that several processes draw from one folder, each of them once: who creates the file of a number has drawn it
 * (O_EXCL). No messages, no waiting, and no number is lost or drawn twice, whoever dies when.
 */
import { closeSync, openSync } from 'node:fs';
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
    while (!failed && known[series] < limit) {
      known[series] += 1;
      try {
        closeSync(openSync(join(folder, `${series}-${known[series]}`), 'wx', 0o600));
        return known[series];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        failed = true;
        log.warn({ err: error }, `a rule ends: it cannot count with other devices in ${folder}`);
      }
    }
    return 0;
  };
}

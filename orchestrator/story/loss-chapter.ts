/** The chapter about what went wrong on the way: frames that were lost, what was sent again, what was waited for in vain. */
import type { Paint } from '../terminal.js';
import { type Chapter, toldSteps } from './chapter.js';
import type { FetchReport } from './report.js';
import { isTrouble } from './trouble.js';

/** A bad link loses thousands: the first ones say why. */
const MAX_LINES = 20;

export function lossChapter({ steps }: FetchReport, paint: Paint): Chapter {
  const trouble = steps.filter(isTrouble);
  const lines = toldSteps(trouble.slice(0, MAX_LINES), paint);
  const rest = trouble.length - lines.length;
  if (rest > 0) lines.push(paint('dim', `… and ${rest} more`));
  return { title: 'What went wrong on the way', lines };
}

/** The chapter about what went wrong on the way: frames that were lost, what was sent again, what was waited for in vain. */
import type { Paint } from '../terminal.js';
import { type Chapter, toldSteps } from './chapter.js';
import { faultId } from './loss-story.js';
import type { FetchReport, Step } from './report.js';
import { isTrouble } from './trouble.js';

/** A bad link loses thousands: the first ones say why. */
const MAX_LINES = 20;

export function lossChapter({ steps, losses, marks }: FetchReport, paint: Paint): Chapter {
  const trouble = steps.filter(isTrouble);
  const faults = new Set([...losses, ...marks].map(({ fault }) => fault));
  const lines = toldSteps(titledOnce(trouble.slice(0, MAX_LINES), faults), paint);
  const rest = trouble.length - lines.length;
  if (rest > 0) lines.push(paint('dim', `… and ${rest} more`));
  return { title: 'What went wrong on the way', lines };
}

/** A fault's title may be long: it stands where the fault comes first, afterwards its id does. */
function titledOnce(steps: readonly Step[], faults: ReadonlySet<string>): Step[] {
  const told = new Set<string>();
  return steps.map((step) => {
    const fault = [...faults].find((text) => text !== '' && step.summary.includes(text));
    if (fault === undefined) return step;
    if (told.has(fault)) return { ...step, summary: step.summary.replaceAll(fault, faultId(fault)) };
    told.add(fault);
    return step;
  });
}

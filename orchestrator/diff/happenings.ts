/** What is compared: steps, and of a question with its answer each by itself, since much may happen in between. */
import type { FetchReport, Step } from '../story/report.js';

export interface Happening extends Step {
  /** That it is, or is part of. */
  readonly step: Step;
}

export function happeningsOf({ steps }: FetchReport): Happening[] {
  const all = steps.flatMap((step): Happening[] => {
    if (step.endMs === undefined) return [{ ...step, step }];
    const [asked, ...answered] = step.frames;
    return [
      { ...step, step, outcome: '', frames: asked === undefined ? [] : [asked] },
      {
        ...step,
        step,
        event: `${step.event} ends`,
        atMs: step.endMs,
        frames: answered.length > 0 ? answered : step.frames,
      },
    ];
  });
  // Stable: what happened at one instant stays as it was; questions end by what happened.
  return all.sort((a, b) => a.atMs - b.atMs || Number(isEnd(a)) - Number(isEnd(b)));
}

function isEnd({ event, step }: Happening): boolean {
  return event !== step.event;
}

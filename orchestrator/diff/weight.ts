/** Which differences matter, and which there are between any two runs: a browser does many things side by side. */
import type { FetchReport } from '../story/report.js';
import type { Pair } from './align.js';
import type { DifferenceKind } from './comparison.js';
import type { Happening } from './happenings.js';

/** What one of the two reports says besides the step that is judged. */
export class Background {
  /** Frames were lost, or chaos had a hand in some. */
  readonly isDisturbed: boolean;
  private readonly outcomes = new Set<string>();

  constructor({ losses, marks }: FetchReport, steps: readonly Happening[]) {
    this.isDisturbed = losses.length > 0 || marks.length > 0;
    for (const step of steps) this.outcomes.add(identity(step));
  }

  /** The same happened there, if not as often. */
  has(step: Happening): boolean {
    return this.outcomes.has(identity(step));
  }
}

function identity({ layer, device, event, subject, outcome }: Happening): string {
  return [layer, device, event, subject, outcome].join('\n');
}

export type Verdict = Extract<DifferenceKind, 'only-a' | 'only-b' | 'changed'> | 'minor' | 'same';

/** Without regard to time. */
export function judge({ a, b }: Pair, inA: Background, inB: Background): Verdict {
  if (a !== undefined && b !== undefined) {
    if (a.outcome === b.outcome) return 'same';
    // Which of its ways to repeat a segment came first is a matter of microseconds.
    return a.event === 'retransmission' ? 'minor' : 'changed';
  }
  if (a !== undefined) return mattersAlone(a, inA, inB) ? 'only-a' : 'minor';
  return b !== undefined && mattersAlone(b, inB, inA) ? 'only-b' : 'minor';
}

function mattersAlone(step: Happening, here: Background, there: Background): boolean {
  switch (step.event) {
    case 'loss':
    case 'fault':
    case 'timeout':
    case 'request':
    case 'response':
      return true;
    case 'retransmission':
      // A machine that stands still for a moment makes TCP repeat what nobody has lost.
      return here.isDisturbed;
    case 'close':
      // Acknowledgements ride on a FIN or go alone, and the last segments may pass when the report is made.
      return step.subject.includes('RST') && !there.has(step);
    case 'announcement':
    case 'copy lost':
      return false;
    case 'question':
    case 'question ends':
      // Neighbours are asked for again when their entry has grown old.
      return step.outcome === 'unanswered' && !there.has(step);
    default:
      // How many connections a browser opens side by side depends on how quick the first one is.
      return !there.has(step);
  }
}

/** What the chapters of the printed story have in common. */
import type { Paint } from '../terminal.js';
import type { Step } from './report.js';

/** Without lines there is nothing to tell, and the chapter is left out. */
export interface Chapter {
  readonly title: string;
  readonly lines: readonly string[];
}

/** More frames than this are summed up. */
const FRAMES_SHOWN = 8;

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

export function frames(numbers: readonly number[], paint: Paint): string {
  if (numbers.length === 0) return '';
  const rest = numbers.length - FRAMES_SHOWN;
  const shown = numbers.slice(0, FRAMES_SHOWN).map((number) => `#${number}`);
  return paint('dim', ` ${shown.join(' ')}${rest > 0 ? ` and ${rest} more` : ''}`);
}

export function segmentCount(count: number): string {
  return `${count} segment${count === 1 ? '' : 's'}`;
}

export function stepLines(steps: readonly Step[], layer: Step['layer'], paint: Paint): string[] {
  const mine = steps.filter((step) => step.layer === layer);
  const width = Math.max(0, ...mine.map(({ device }) => device.length));
  return mine.map(
    (step) =>
      `${paint('dim', ms(step.atMs).padStart(10))}  ${paint('cyan', step.device.padEnd(width))}  ${step.summary}${frames(step.frames, paint)}`,
  );
}

/** What the chapters of the printed story have in common. */
import { stripVTControlCharacters } from 'node:util';
import type { Paint } from '../terminal.js';
import type { Step } from './report.js';

/** Without lines there is nothing to tell, and the chapter is left out. */
export interface Chapter {
  readonly title: string;
  readonly lines: readonly string[];
}

/** More frames than this are summed up. */
const FRAMES_SHOWN = 8;
/** Longer sentences are cut: a page may need hundreds of things, which have lines of their own. */
const MAX_SENTENCE = 400;
const HANGING_INDENT = 4;

/** In columns of the terminal: colours take none. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** The line in pieces of at most `columns`, cut at spaces, the later ones further in. */
export function wrapped(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const margin = /^ */.exec(line)?.[0] ?? '';
  const further = `${margin}${' '.repeat(HANGING_INDENT)}`;
  const lines: string[] = [];
  let current = margin;
  let isEmpty = true;
  for (const word of line.slice(margin.length).split(/(?<= )(?! )/)) {
    if (!isEmpty && widthOf(current) + widthOf(word.trimEnd()) > columns) {
      lines.push(current.trimEnd());
      current = further;
    }
    current += word;
    isEmpty = false;
  }
  return [...lines, current].join('\n');
}

export function ms(value: number): string {
  return `${milliseconds(value)} ms`;
}

/** Without its unit: for a column that has it in its title. */
export function milliseconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** With a space in front, for the end of a sentence. */
export function frames(numbers: readonly number[], paint: Paint, most = FRAMES_SHOWN): string {
  return numbers.length === 0 ? '' : ` ${frameNumbers(numbers, paint, most)}`;
}

export function frameNumbers(numbers: readonly number[], paint: Paint, most = FRAMES_SHOWN): string {
  const rest = numbers.length - most;
  const shown = numbers.slice(0, most).map((number) => `#${number}`);
  return paint('dim', `${shown.join(' ')}${rest > 0 ? ` and ${rest} more` : ''}`);
}

export function segmentCount(count: number): string {
  return `${count} segment${count === 1 ? '' : 's'}`;
}

export function stepLines(steps: readonly Step[], layer: Step['layer'], paint: Paint): string[] {
  return toldSteps(
    steps.filter((step) => step.layer === layer),
    paint,
  );
}

export function toldSteps(mine: readonly Step[], paint: Paint): string[] {
  const width = Math.max(0, ...mine.map(({ device }) => device.length));
  const cut = (text: string) => (text.length > MAX_SENTENCE ? `${text.slice(0, MAX_SENTENCE)}…` : text);
  return mine.map(
    (step) =>
      `${paint('dim', ms(step.atMs).padStart(10))}  ${paint('cyan', step.device.padEnd(width))}  ${cut(step.summary)}${frames(step.frames, paint)}`,
  );
}

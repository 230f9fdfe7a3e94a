/** A comparison for people at a terminal: what differs and by how much, where it began, what followed, what stayed equal. */
import { frames, ms, widthOf, wrapped } from '../story/chapter.js';
import { type Paint, type Style, visible } from '../terminal.js';
import { apart } from './chain.js';
import type { Comparison, Consequence, Difference, Moment, Share } from './comparison.js';
import { faultLines } from './faults.js';
import { beyondNoise } from './noise.js';

export interface RenderOptions {
  readonly paint: Paint;
  /** Of the terminal. */
  readonly columns?: number;
  /** Of the two reports: their files. */
  readonly names?: readonly [string, string];
}

const MAX_COLUMNS = 120;
const MIN_COLUMNS = 60;
/** In less the two sides stand below each other. */
const BESIDE_COLUMNS = 100;
const GAP = 3;
const INDENT = 3;
/** Longer sentences are cut: a page may need hundreds of things. */
const MAX_SENTENCE = 300;
const MAX_FRAMES = 3;

/** Before each line of what followed. */
const MARKS: Readonly<Record<Consequence['kind'], { readonly mark: string; readonly style: Style }>> = {
  'only-a': { mark: '-', style: 'red' },
  'only-b': { mark: '+', style: 'yellow' },
  changed: { mark: '≠', style: 'yellow' },
  later: { mark: '→', style: 'magenta' },
  earlier: { mark: '←', style: 'magenta' },
  result: { mark: '=', style: 'bold' },
};

export function renderComparison(compared: Comparison, { paint, columns = MAX_COLUMNS, names }: RenderOptions): string {
  const comparison = visible(compared);
  const room = Math.max(MIN_COLUMNS, Math.min(columns, MAX_COLUMNS));
  const [nameA, nameB] = visible(names ?? ['A', 'B']);
  const head = [headline(comparison, paint), ...faultLines(comparison).map((line) => paint('yellow', line))];
  const parts = [head.map((line) => wrapped(line, room)).join('\n')];
  const { first, followed, more } = comparison;
  const indented = (line: string) => wrapped(`${' '.repeat(INDENT)}${line}`, room);
  const title = (number: number, text: string) => `${paint(['bold', 'cyan'], `${number}`)}  ${paint('bold', text)}`;
  if (first !== undefined) {
    const sides = beside(side('A', nameA), side('B', nameB), room);
    parts.push([title(1, `The first difference  ${kindText(first)}`), ...sides].join('\n'));
  }
  if (followed.length > 0) {
    const lines = followed.map((one) => indented(consequenceLine(one, paint)));
    if (more > 0) lines.push(indented(paint('dim', `… and ${count(more, 'more difference')}; all of them: --json`)));
    parts.push([title(first === undefined ? 1 : 2, 'What followed'), ...lines].join('\n'));
  }
  parts.push(wrapped(sameLine(comparison, paint), room));
  return parts.join('\n\n');

  function side(letter: 'A' | 'B', name: string): Cell[] {
    const cells: Cell[] = [{ text: letter === name ? letter : `${letter}  ${name}`, style: 'bold' }];
    const before = letter === 'A' ? comparison.before?.a : comparison.before?.b;
    if (before !== undefined) cells.push({ text: momentText(before), style: 'dim' });
    const own = letter === 'A' ? first?.a : first?.b;
    if (own !== undefined) cells.push({ text: momentText(own), style: ownStyle(first) });
    else if (comparison.instead === undefined) cells.push({ text: 'nothing more', style: 'dim' });
    else cells.push({ text: `nothing of this; next: ${momentText(comparison.instead)}`, style: 'dim' });
    return cells;
  }

  function beside(left: readonly Cell[], right: readonly Cell[], width: number): string[] {
    const margin = ' '.repeat(INDENT);
    if (width < BESIDE_COLUMNS) {
      return [...left, ...right].flatMap((cell) => cellLines(cell, width - INDENT).map((line) => `${margin}${line}`));
    }
    const half = Math.floor((width - INDENT - GAP) / 2);
    return left.flatMap((cell, i) => {
      const [ours, theirs] = [cellLines(cell, half), cellLines(right[i] ?? { text: '', style: 'dim' }, half)];
      return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, at) => {
        const text = ours[at] ?? '';
        const padding = ' '.repeat(Math.max(0, half - widthOf(text)) + GAP);
        return `${margin}${text}${padding}${theirs[at] ?? ''}`.trimEnd();
      });
    });
  }

  function cellLines({ text, style }: Cell, width: number): string[] {
    return wrapped(text, width)
      .split('\n')
      .map((line) => paint(style, line));
  }
}

interface Cell {
  readonly text: string;
  readonly style: Style;
}

function ownStyle(first: Difference | undefined): Style {
  return first?.kind === 'later' || first?.kind === 'earlier' ? 'magenta' : 'yellow';
}

function cut(text: string): string {
  return text.length > MAX_SENTENCE ? `${text.slice(0, MAX_SENTENCE)}…` : text;
}

function momentText({ device, atMs, summary, frames: numbers }: Moment): string {
  return `${ms(atMs)}  ${device} ${cut(summary)}${frames(numbers, (_style, text) => text, MAX_FRAMES)}`;
}

function kindText({ kind, byMs = 0 }: Difference): string {
  switch (kind) {
    case 'only-a':
      return 'only A has it';
    case 'only-b':
      return 'only B has it';
    case 'changed':
      return 'something else comes of it';
    default:
      return `B has it ${apart(byMs)} ${kind}`;
  }
}

function headline({ equal, a, b, noise, drift, results }: Comparison, paint: Paint): string {
  const slower = beyondNoise(noise, a.durationMs, b.durationMs);
  const end = ({ outcome, durationMs }: Comparison['a']) => `${outcome} after ${apart(durationMs)}`;
  if (equal) {
    const most = drift === undefined || drift.byMs === 0 ? '' : `; no step differs by more than ${apart(drift.byMs)}`;
    const same =
      a.durationMs === b.durationMs ? `both end with ${end(a)}` : `${end(a)} and after ${apart(b.durationMs)}`;
    return `${paint(['green', 'bold'], 'no difference that matters')}  ${same}${paint('dim', most)}`;
  }
  const by = slower === 0 ? '' : paint('magenta', `: ${apart(slower)} ${slower > 0 ? 'longer' : 'shorter'}`);
  const text =
    a.outcome === b.outcome && slower === 0
      ? `but end alike: ${end(a)} and after ${apart(b.durationMs)}`
      : `${end(b)} instead of ${end(a)}`;
  const parts = results.filter(({ what }) => what.includes('://')).length;
  const broken =
    parts === 0 ? '' : paint('red', `, ${count(parts, 'part')} of the page ${parts === 1 ? 'is' : 'are'} not the same`);
  return `${paint(['red', 'bold'], 'they differ')}  ${text}${by}${broken}`;
}

function consequenceLine({ kind, text, atMs, frames: numbers }: Consequence, paint: Paint): string {
  const { mark, style } = MARKS[kind];
  const at = paint('dim', (kind === 'result' ? '' : ms(atMs)).padStart(10));
  return `${at}  ${paint(style, mark)} ${cut(text)}${frames(numbers, paint, MAX_FRAMES)}`;
}

function sameLine({ same, minor, noise, equal, drift }: Comparison, paint: Paint): string {
  const share = ({ equal: alike, of }: Share, what: string) => (of === 0 ? [] : [`${alike} of ${count(of, what)}`]);
  const facts = [...share(same.steps, 'step'), ...share(same.names, 'name'), ...share(same.resources, 'resource')];
  const noisy = `noise ${apart(noise.floorMs)} or ${Math.round(noise.share * 100)} %`;
  const slight = minor === 0 ? '' : `; ${count(minor, 'slight difference')}, as between any two runs`;
  const most =
    equal && drift !== undefined && drift.byMs !== 0 ? ` (most: ${drift.of.device} ${cut(drift.of.summary)})` : '';
  return `${paint('bold', 'equal')}  ${facts.join(', ')}${paint('dim', `${slight}; ${noisy}${most}`)}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

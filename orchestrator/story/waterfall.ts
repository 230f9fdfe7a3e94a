/** All requests of a page, one line each, beside the time that they took: DevTools' waterfall, in characters. */
import { type Column, formatBytes, formatTable, type Paint, type Style } from '../terminal.js';
import { ms } from './chapter.js';
import type { ExchangeReport, FetchReport, RequestTimings } from './report.js';

/** More lines than this are summed up. */
const ROWS_SHOWN = 80;
const MIN_COLUMNS = 72;
const MAX_COLUMNS = 120;
const MIN_URL = 16;
const GAP = 2;
/** A microsecond. */
const SHORTEST_MS = 0.001;
const INITIATOR_COLUMNS = 100;

interface Phase {
  readonly mark: string;
  readonly style: Style;
  readonly name: string;
  readonly from: (timings: RequestTimings) => number | undefined;
  readonly to: (timings: RequestTimings) => number | undefined;
}

/** In the order in which they go before each other: the last one that covers an instant is drawn. */
const PHASES: readonly Phase[] = [
  { mark: '·', style: 'dim', name: 'waits its turn', from: (at) => at.startTime, to: (at) => at.responseEnd },
  { mark: '░', style: 'magenta', name: 'name', from: (at) => at.domainLookupStart, to: (at) => at.domainLookupEnd },
  { mark: '▒', style: 'yellow', name: 'connects', from: (at) => at.connectStart, to: (at) => at.connectEnd },
  { mark: '▓', style: 'blue', name: 'TLS', from: (at) => at.secureConnectionStart, to: (at) => at.connectEnd },
  {
    mark: '─',
    style: 'cyan',
    name: 'waits for the answer',
    from: (at) => at.requestStart,
    to: (at) => at.responseStart ?? at.responseEnd,
  },
  { mark: '█', style: 'green', name: 'receives', from: (at) => at.responseStart, to: (at) => at.responseEnd },
];
const FROM_MEMORY = '◆';

interface Line {
  readonly row: Row;
  readonly facts: readonly string[];
  readonly url: string;
}

type Row = ExchangeReport & { readonly timings: RequestTimings };

/** @param columns that the lines may take; none is longer */
export function waterfall(report: FetchReport, columns: number, paint: Paint): string[] {
  const rows = report.exchanges.filter((exchange): exchange is Row => exchange.timings !== undefined);
  if (rows.length === 0) return [];
  const room = Math.max(MIN_COLUMNS, Math.min(columns, MAX_COLUMNS));
  const shown = rows.slice(0, ROWS_SHOWN);
  const endMs = rows.reduce((end, { timings }) => Math.max(end, timings.responseEnd), SHORTEST_MS);
  const cells = shown.map((row) => factsOf(row, room >= INITIATOR_COLUMNS));
  const fixed = cells[0].map((_, column) =>
    Math.max(HEADINGS[column].length, ...cells.map((row) => row[column].length)),
  );
  const left = room - fixed.reduce((sum, width) => sum + width + GAP, 0);
  const urls = shown.map(({ url }) => shortUrl(url, report.finalUrl));
  const urlWidth = Math.max(
    3,
    Math.min(Math.max(...urls.map(({ length }) => length)), Math.max(MIN_URL, Math.floor(left * 0.45))),
  );
  const barWidth = Math.max(10, left - urlWidth - GAP);
  const lines = shown.map((row, index): Line => ({ row, facts: cells[index], url: middleCut(urls[index], urlWidth) }));
  const columnsOf: Column<Line>[] = HEADINGS.slice(0, cells[0].length).map((title, column) => ({
    title,
    align: title === 'SIZE' ? 'right' : 'left',
    value: ({ row, facts }) => (column === 0 ? paint(isGood(row) ? 'green' : 'red', facts[0]) : facts[column]),
  }));
  columnsOf.push(
    { title: 'URL', value: ({ url }) => url },
    { title: scale(endMs, barWidth), value: ({ row }) => bar(row, endMs / barWidth, barWidth, paint) },
  );
  const table = formatTable(lines, columnsOf, paint);
  const rest = rows.length - shown.length;
  return [
    ...table.split('\n'),
    ...(rest > 0 ? [paint('dim', `… and ${rest} more`)] : []),
    ...legend(shown, room, paint),
  ];
}

const HEADINGS = ['STATUS', 'PRIORITY', 'BY', 'SIZE', 'ASKED BY'];

function factsOf(row: Row, withInitiator: boolean): string[] {
  const { status, priority, protocol, cache, bytes, error, initiator } = row;
  const by = cache === 'memory' ? 'cache' : protocol;
  const facts = [status === 0 ? '–' : String(status), priority ?? '', error?.code ?? by, formatBytes(bytes ?? 0)];
  return withInitiator ? [...facts, initiator ?? ''] : facts;
}

function isGood({ status, error }: Row): boolean {
  return error === undefined && status > 0 && status < 400;
}

function scale(endMs: number, width: number): string {
  const end = ms(endMs);
  return `0${end.padStart(width - 1)}`;
}

/** One character for each stretch of `step` milliseconds: what was going on in its middle. */
function bar({ timings, cache }: Row, step: number, width: number, paint: Paint): string {
  const first = Math.min(width - 1, Math.floor(timings.startTime / step));
  const last = Math.max(first + 1, Math.min(width, Math.ceil(timings.responseEnd / step)));
  if (cache === 'memory') return `${' '.repeat(first)}${paint('green', FROM_MEMORY)}`;
  // What is shorter than a character is judged by its own middle.
  const middle = (timings.startTime + timings.responseEnd) / 2;
  const phases = Array.from({ length: last - first }, (_, index) => {
    return phaseAt(timings, last - first === 1 ? middle : (first + index + 0.5) * step);
  });
  // The answer is what it was about: it has the last character, however short it was.
  if (timings.responseStart !== undefined) phases[phases.length - 1] = PHASES[PHASES.length - 1];
  return ' '.repeat(first) + phases.map(({ mark, style }) => paint(style, mark)).join('');
}

function phaseAt(timings: RequestTimings, at: number): Phase {
  const covers = ({ from, to }: Phase) => {
    const start = from(timings);
    return start !== undefined && start <= at && at < (to(timings) ?? timings.responseEnd);
  };
  return PHASES.findLast(covers) ?? PHASES[0];
}

/** Of the marks that can be seen; in two lines where there is no room for one. */
function legend(rows: readonly Row[], room: number, paint: Paint): string[] {
  const used = PHASES.filter(({ from }) => rows.some(({ timings }) => from(timings) !== undefined));
  const words = used.map(({ mark, style, name }) => ({
    plain: `${mark} ${name}`,
    shown: `${paint(style, mark)} ${paint('dim', name)}`,
  }));
  if (rows.some(({ cache }) => cache === 'memory')) {
    words.push({ plain: `${FROM_MEMORY} cache`, shown: `${paint('green', FROM_MEMORY)} ${paint('dim', 'cache')}` });
  }
  const lines: { plain: string; shown: string }[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.plain.length + 3 + word.plain.length <= room) {
      lines[lines.length - 1] = { plain: `${last.plain}   ${word.plain}`, shown: `${last.shown}   ${word.shown}` };
    } else lines.push(word);
  }
  return lines.map(({ shown }) => shown);
}

/** Without what it has in common with the page. */
function shortUrl(url: string, page: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, host, pathname, search } = new URL(url);
  const isHere = URL.canParse(page) && new URL(page).origin === origin;
  return `${isHere ? '' : host}${pathname}${search}`;
}

/** The end, with the name of the file, is worth more than the middle. */
function middleCut(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}

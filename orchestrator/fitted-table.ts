/** Tables that fit the terminal: less of them is shown where there is no room, all of them in a pipe. */
import { type Column, formatTable, type Paint } from './terminal.js';

export interface FittedColumn<Row> extends Column<Row> {
  /** What is least worth its room goes first: 1, then 2, …; those of one number together. Without one it stays. */
  readonly spare?: number;
  /** A text that is cut down to so many columns before any other column is left out. */
  readonly yieldsTo?: number;
}

/** Texts are not cut to fewer columns than this. */
const MIN_TEXT = 12;
const GAP = 2;

/**
 * As {@link formatTable} has it when it fits in `columns`. Else spare columns are left out, which is said in a line below,
 * then the longest texts are cut; those that yield are cut before. `columns`: of the terminal; undefined (no terminal) or 0 (it does not know) is room enough.
 */
export function fittedTable<Row>(
  rows: readonly Row[],
  all: readonly FittedColumn<Row>[],
  paint: Paint,
  columns: number | undefined,
): string {
  if (!columns) return formatTable(rows, all, paint);
  let shown = all;
  while (sum(narrowest(rows, shown)) > columns) {
    const least = Math.min(...shown.map(({ spare = Number.POSITIVE_INFINITY }) => spare));
    if (least === Number.POSITIVE_INFINITY) break;
    shown = shown.filter(({ spare }) => spare !== least);
  }
  const table = formatTable(rows, cut(rows, shown, columns), paint);
  const left = all.filter((column) => !shown.includes(column)).map(({ title }) => title);
  if (left.length === 0) return table;
  return `${table}\n${paint('dim', `no room for ${left.join(', ')}`.slice(0, columns))}`;
}

function widths<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): number[] {
  return columns.map(({ title, value }) => Math.max(title.length, ...rows.map((row) => String(value(row)).length)));
}

function sum(columns: readonly number[]): number {
  return columns.reduce((total, width) => total + width, GAP * (columns.length - 1));
}

/** Once those that yield have done so. */
function narrowest<Row>(rows: readonly Row[], columns: readonly FittedColumn<Row>[]): number[] {
  const wished = widths(rows, columns);
  return columns.map(({ title, yieldsTo }, i) =>
    yieldsTo === undefined ? wished[i] : Math.min(wished[i], Math.max(yieldsTo, title.length)),
  );
}

/** First those that yield, then all: the widest texts lose most; numbers, which stand at the right, nothing. */
function cut<Row>(rows: readonly Row[], columns: readonly FittedColumn<Row>[], room: number): readonly Column<Row>[] {
  const allowed = widths(rows, columns);
  const least = columns.map(({ title, align }, i) =>
    align === 'right' ? allowed[i] : Math.min(allowed[i], Math.max(MIN_TEXT, title.length)),
  );
  for (const limits of [narrowest(rows, columns), least]) shrink(allowed, limits, room);
  return columns.map((column, i) => ({ ...column, value: (row) => shortened(String(column.value(row)), allowed[i]) }));
}

/** The widest one by one column after the other, none below its limit. */
function shrink(allowed: number[], limits: readonly number[], room: number): void {
  for (let over = sum(allowed) - room; over > 0; over -= 1) {
    const candidates = allowed.map((width, i) => (width > limits[i] ? width : 0));
    const widest = candidates.indexOf(Math.max(...candidates));
    if (candidates[widest] === 0) return;
    allowed[widest] -= 1;
  }
}

function shortened(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

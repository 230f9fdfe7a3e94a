/** Tables that fit the terminal: less of them is shown where there is no room, all of them in a pipe. */
import { type Column, formatTable, type Paint } from './terminal.js';

export interface FittedColumn<Row> extends Column<Row> {
  /** What is least worth its room goes first: 1, then 2, …; those of one number together. Without one it stays. */
  readonly spare?: number;
}

/** Texts are not cut to fewer columns than this. */
const MIN_TEXT = 12;
const GAP = 2;

/**
 * As {@link formatTable} has it when it fits in `columns`. Else spare columns are left out, which is said in a line below,
 * then the longest texts are cut. `columns`: of the terminal; undefined (no terminal) or 0 (it does not know) is room enough.
 */
export function fittedTable<Row>(
  rows: readonly Row[],
  all: readonly FittedColumn<Row>[],
  paint: Paint,
  columns: number | undefined,
): string {
  if (!columns) return formatTable(rows, all, paint);
  let shown = all;
  while (widthOf(rows, shown) > columns) {
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

function widthOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): number {
  return widths(rows, columns).reduce((sum, width) => sum + width, GAP * (columns.length - 1));
}

/** The widest texts lose most; numbers, which stand at the right, nothing. */
function cut<Row>(rows: readonly Row[], columns: readonly Column<Row>[], room: number): readonly Column<Row>[] {
  const allowed = widths(rows, columns);
  const least = columns.map(({ title, align }, i) =>
    align === 'right' ? allowed[i] : Math.min(allowed[i], Math.max(MIN_TEXT, title.length)),
  );
  let over = widthOf(rows, columns) - room;
  for (; over > 0; over -= 1) {
    const candidates = allowed.map((width, i) => (width > least[i] ? width : 0));
    const widest = candidates.indexOf(Math.max(...candidates));
    if (candidates[widest] === 0) break;
    allowed[widest] -= 1;
  }
  return columns.map((column, i) => ({ ...column, value: (row) => shortened(String(column.value(row)), allowed[i]) }));
}

function shortened(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

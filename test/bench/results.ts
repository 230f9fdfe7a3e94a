/** What a run of the benchmarks has found, as a table for people or as JSON. */

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The value as a multiple of another row's of the same run: what can be compared between machines. */
  readonly ratio?: number;
  /** What the ratio is taken of. */
  readonly of?: string;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Set when the section could not be measured. */
  readonly error?: string;
}

export function formatSections(sections: readonly Section[]): string {
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(({ what }) => what.length)), 0);
  const lines: string[] = [];
  for (const { title, rows, error } of sections) {
    lines.push('', title);
    for (const row of rows) {
      const value = `${formatNumber(row.value)} ${row.unit}`.padEnd(22);
      const ratio = row.ratio === undefined ? '' : `${formatNumber(row.ratio)} x ${row.of}`;
      lines.push(`  ${row.what.padEnd(width)}  ${value}${ratio}`.trimEnd());
    }
    if (error !== undefined) lines.push(`  not measured: ${error}`);
  }
  return `${lines.join('\n').trimStart()}\n`;
}

/** Three significant digits; whole thousands unrounded. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'unknown'.padStart(9);
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.padStart(9);
}

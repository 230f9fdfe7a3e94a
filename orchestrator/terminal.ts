/** How commands talk to the terminal: data on stdout, progress and news on stderr, colour only where it is seen. */
import { styleText } from 'node:util';
import Table from 'cli-table3';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** NO_COLOR (no-color.org) and FORCE_COLOR are honoured; without either, colour goes to terminals alone. */
function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && TERM !== 'dumb';
}

export function painter(stream: NodeJS.WriteStream): Paint {
  // Node 20.15's styleText knows nothing of streams and later ones ask stdout alone, so the decision is made here.
  return hasColour(stream)
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}

/**
 * Line ends of HTTP heads stay; C1 controls count too: U+009B alone begins an escape sequence. So does what turns the
 * direction of writing: a name could pass for another.
 */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  /\r\n|[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text and all texts within a value, with control characters written as `\x1b`: what devices got from their network may
 * be shown on the user's terminal, but must not steer it.
 */
export function visible<T>(value: T): T {
  if (typeof value === 'string') {
    const text = value.replace(CONTROLS, (found) => (found === '\r\n' ? found : escaped(found)));
    return text as T;
  }
  if (Array.isArray(value)) return value.map(visible) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [visible(key), visible(item)])) as T;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${hexByte(character)}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

function hexByte(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0');
}

/** JSON escapes the C0 controls by itself, but neither DEL nor the C1 controls. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f]/g, escapedForJson);
}

/** A line that may be JSON of somebody else, as it is, but for what would move the terminal's cursor. */
export function visibleJsonLine(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, escapedForJson);
}

function escapedForJson(character: string): string {
  return `\\u00${hexByte(character)}`;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function news(text: string): void {
  process.stderr.write(`${text}\n`);
}

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  value(row: Row): string | number;
}

/** A table without lines, two spaces between its columns, as `docker ps` and `kubectl get` print theirs. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], paint: Paint): string {
  const table = new Table({
    head: columns.map(({ title }) => paint('bold', title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: Object.fromEntries(
      ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
        .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
        .map((name) => [name, '']),
    ),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  (table.options.chars as Record<string, string>).middle = '  ';
  table.push(...rows.map((row) => columns.map(({ value }) => String(value(row)))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes / 1024;
  let unit = 0;
  // What would be shown as 1024.0 is one of the next unit.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** "350 ms", "4.2 s", "3 m 20 s", "2 h 5 m" */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`;
}

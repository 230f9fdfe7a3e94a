/** What is wrong with a file, a topology or a scenario: every problem with its place, all at once. */
import { dirname, join } from 'node:path';
import { CliError } from '../errors.js';

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** How many characters are marked, at least 1. */
  readonly length: number;
}

/** Stable names for tests and editors. */
export type ProblemCode =
  | 'file'
  | 'yaml'
  | 'empty'
  | 'no-devices'
  | 'type'
  | 'unknown-key'
  | 'missing-key'
  | 'unknown-kind'
  | 'name'
  | 'duplicate-name'
  | 'unit'
  | 'value'
  | 'link-syntax'
  | 'unknown-device'
  | 'unknown-port'
  | 'port-in-use'
  | 'self-link'
  | 'external'
  | 'loop'
  | 'endless'
  | 'address'
  | 'duplicate-address'
  | 'duplicate-mac'
  | 'subnet'
  | 'gateway'
  | 'route'
  | 'dhcp'
  | 'resolver'
  | 'zone'
  | 'record'
  | 'zone-file'
  | 'site'
  | 'authority'
  | 'generator';

export interface Problem {
  readonly code: ProblemCode;
  /** One or more sentences for the user, with the nearest valid name where there is one. */
  readonly message: string;
  /** Absent when the whole file is meant. */
  readonly place?: Place;
  /** Of a place in another file, a zone file: its name, relative to the folder of the topology. */
  readonly file?: string;
  /** The text of that file. */
  readonly text?: string;
}

/** A file that cannot be used. `message` is ready for the terminal: `file:line:col: what`, the line, a caret. */
export class FileError extends CliError {
  readonly file: string;
  /** Sorted by place; at least one. */
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[], text = '') {
    const sorted = sortProblems(problems);
    super(2, formatProblems(file, sorted, text));
    this.name = 'FileError';
    this.file = file;
    this.problems = sorted;
  }
}

/** A topology that cannot be used. */
export class TopologyError extends FileError {}

function sortProblems(problems: readonly Problem[]): Problem[] {
  const line = (problem: Problem) => problem.place?.line ?? 0;
  const column = (problem: Problem) => problem.place?.column ?? 0;
  const file = (problem: Problem) => problem.file ?? '';
  const byFile = (a: Problem, b: Problem) => (file(a) < file(b) ? -1 : Number(file(a) > file(b)));
  return [...problems].sort((a, b) => byFile(a, b) || line(a) - line(b) || column(a) - column(b));
}

function formatProblems(file: string, problems: readonly Problem[], text: string): string {
  const lines = text.split(/\r?\n/);
  return problems
    .map((problem) => {
      if (problem.file === undefined) return formatProblem(file, problem, lines);
      return formatProblem(join(dirname(file), problem.file), problem, (problem.text ?? '').split(/\r?\n/));
    })
    .join('\n');
}

const LONGEST_SHOWN_LINE = 160;

function formatProblem(file: string, problem: Problem, lines: readonly string[]): string {
  const { place } = problem;
  const message = printable(problem.message).replace(/[\t\n]/g, ' ');
  if (place === undefined) return `${file}: ${message}`;
  const head = `${file}:${place.line}:${place.column}: ${message}`;
  const line = lines[place.line - 1];
  if (line === undefined || line.length > LONGEST_SHOWN_LINE) return head;
  const number = String(place.line).padStart(4);
  // Tabs stay, so that the caret is below its character at any tab width.
  const indent = line.slice(0, place.column - 1).replace(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(place.length, line.length - place.column + 1)));
  return `${head}\n${number} | ${printable(line)}\n${' '.repeat(number.length)} | ${indent}${carets}`;
}

/** A file that is not text must not move the terminal's cursor. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

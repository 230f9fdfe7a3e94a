/** Where in a program something went wrong: the place that Node knows, or that it tells when it is asked again. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LONGEST_SHOWN_LINE = 100;
/** Of Node's look at the syntax of a module; it takes 50 ms. */
const CHECK_LIMIT_MS = 5_000;

export interface ProgramPlace {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Calls of an error's stack from the innermost on, without Node's own. */
export function callsOf(error: unknown): ProgramPlace[] {
  const { stack, message } = (error ?? {}) as { stack?: unknown; message?: unknown };
  if (typeof stack !== 'string') return [];
  // The message may be a stranger's: what looks like a call in it is none.
  const at = typeof message === 'string' ? stack.indexOf(message) : -1;
  const calls = at < 0 ? stack : stack.slice(at + (message as string).length);
  return [...calls.matchAll(/^ {4}at (?:.*\()?(.+?):(\d+):(\d+)\)?$/gm)]
    .filter(([, place]) => !place.startsWith('node:'))
    .map(([, place, line, column]) => ({ file: pathOf(place), line: Number(line), column: Number(column) }));
}

/**
 * ` at /x/shop.mjs:2:5: app.listen(3000);` of what a module threw while it was loaded, for the end of a sentence; empty when
 * nobody knows. `own`: the file that holds the device's code, which is no place of a program's.
 */
export async function placeInProgram(error: unknown, module: string, own: string): Promise<string> {
  const calls = callsOf(error).filter(({ file }) => file !== own);
  // Rather the program's own call than one in a package that it uses.
  const called = calls.find(({ file }) => !file.includes('/node_modules/')) ?? calls[0];
  const place = called ?? syntaxPlace((error as Error)?.stack ?? '') ?? (await checkedPlace(error, module));
  if (place === undefined) return '';
  const { file, line, column } = place;
  const text = lineOf(place);
  return ` at ${file}:${line}:${column}${text === '' ? '' : `: ${text}`}`;
}

/** Node puts the line with the mistake before what it says of it, for modules of some kinds. */
function syntaxPlace(text: string): ProgramPlace | undefined {
  const [, file, line, indent] = /^(.+):(\d+)\n.*\n( *)\^/.exec(text) ?? [];
  return file === undefined ? undefined : { file: pathOf(file), line: Number(line), column: indent.length + 1 };
}

/** For modules of the other kind (ECMAScript's) it does so only when it ends of it, or is asked to check one. */
function checkedPlace(error: unknown, module: string): Promise<ProgramPlace | undefined> {
  if (!(error instanceof SyntaxError)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', module], { timeout: CHECK_LIMIT_MS }, (_failure, _stdout, stderr) =>
      resolve(syntaxPlace(stderr)),
    );
  });
}

/** Of `file:///x/shop.mjs?instance=1`, or a path as it is. */
function pathOf(place: string): string {
  if (!place.startsWith('file:')) return place;
  try {
    return fileURLToPath(place);
  } catch {
    // Another machine's.
    return place;
  }
}

function lineOf({ file, line }: ProgramPlace): string {
  try {
    const text = (readFileSync(file, 'utf8').split('\n')[line - 1] ?? '').trim();
    return text.length > LONGEST_SHOWN_LINE ? `${text.slice(0, LONGEST_SHOWN_LINE - 1)}…` : text;
  } catch {
    return '';
  }
}

/** Errors in logs as people read them: what went wrong, and where. All of the stack is in the log as it stands. */
import { fileURLToPath } from 'node:url';

/** As pino writes an error down. */
export interface LoggedError {
  readonly message: string;
  readonly stack: string;
}

export function isLoggedError(value: unknown): value is LoggedError {
  const { message, stack } = (value ?? {}) as { message?: unknown; stack?: unknown };
  return typeof message === 'string' && typeof stack === 'string';
}

/** The parts of `no database at /x/shop.mjs:2:5`; no place when none is known. */
export function errorWords({ message, stack }: LoggedError): { readonly message: string; readonly place?: string } {
  // What looks like a call in the message is none.
  const calls = stack.slice(stack.indexOf(message) + message.length);
  const places = [...calls.matchAll(/^ {4}at (?:.*\()?(.+?):(\d+):(\d+)\)?$/gm)].filter(
    ([, file]) => !file.startsWith('node:'),
  );
  const [, file, line, column] = places.find(([, file]) => isOfApplication(file)) ?? places[0] ?? [];
  return file === undefined ? { message } : { message, place: `${pathOf(file)}:${line}:${column}` };
}

/** Neither in a package that it uses nor in the device that runs it. */
function isOfApplication(file: string): boolean {
  return !/[\\/]node_modules[\\/]|[\\/]devices[\\/][a-z-]+\.cjs$/.test(file);
}

function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    // Of another kind of system.
    return file;
  }
}

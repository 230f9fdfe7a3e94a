import { callsOf } from './program-place.js';

/** Errors that programs were given, or threw. */
const ofPrograms = new WeakSet<object>();

/** The error is a program's from now on, wherever it was made; it may throw it again whenever it likes. */
export function handOver<T>(error: T): T {
  if (typeof error === 'object' && error !== null) ofPrograms.add(error);
  return error;
}

/**
 * Whose error it is that nobody caught: a program's, which is logged, or the device's own, which ends it. A program's is
 * what it was given or threw while it was called, and what was made anywhere but in the device's own code: in the
 * program's module, in a package that it uses, in Node itself on its account.
 */
export class ProgramFailures {
  private readonly own: string;

  /** `own`: the file that holds the device's code. */
  constructor(own: string) {
    this.own = own;
  }

  /** Runs a program's function, and remembers what it throws. */
  watch<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw handOver(error);
    }
  }

  includes(error: unknown): boolean {
    if (typeof error === 'object' && error !== null && ofPrograms.has(error)) return true;
    return callsOf(error)[0]?.file !== this.own;
  }
}

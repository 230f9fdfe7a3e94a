/** What a command throws when the user, not the program, can do something about it. Printed without a stack trace. */

/** 1: the thing asked for failed. 2: bad usage or bad file. 3: no such lab or device. */
export type ExitStatus = 1 | 2 | 3;

export class CliError extends Error {
  readonly exitStatus: ExitStatus;
  /** What to try, one sentence; printed below the message. */
  readonly hint: string | undefined;

  constructor(exitStatus: ExitStatus, message: string, hint?: string) {
    super(message);
    this.name = 'CliError';
    this.exitStatus = exitStatus;
    this.hint = hint;
  }
}

/** What a device or the system refused, for the user: status 1. */
export function asCliError(error: unknown): CliError {
  return error instanceof CliError ? error : new CliError(1, (error as Error).message);
}

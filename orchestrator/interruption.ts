/** Ctrl-C and its relatives, for commands that have something to take down before they end. */

const EXIT_STATUSES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** What a command that was interrupted throws; main.ts ends with its status and says no more. */
export class Interrupted extends Error {
  /** 128 and the signal's number, as shells report it. */
  readonly exitStatus: number;

  constructor(signal: keyof typeof EXIT_STATUSES) {
    super(`interrupted by ${signal}`);
    this.exitStatus = EXIT_STATUSES[signal];
  }
}

/** Aborts, with an {@link Interrupted}, at the first signal; further ones are ignored while the command takes down. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => controller.abort(new Interrupted(signal)));
  }
  return controller.signal;
}

/** As `promise`, but rejects with the signal's reason as soon as it aborts. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

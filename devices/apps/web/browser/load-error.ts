/** Why a load failed, and where: what a fetch reports instead of an exception. */
import type { FetchFailure, FetchStage } from '../../../control/rpc.js';

export class LoadError extends Error {
  readonly code: string;
  readonly stage: FetchStage;

  constructor(code: string, stage: FetchStage, message: string) {
    super(message);
    this.name = 'LoadError';
    this.code = code;
    this.stage = stage;
  }

  toFailure(): FetchFailure {
    return { code: this.code, message: this.message, stage: this.stage };
  }
}

/** An error of any origin, blamed on the given stage unless it already knows better. */
export function asLoadError(error: unknown, stage: FetchStage): LoadError {
  if (error instanceof LoadError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new LoadError(typeof code === 'string' ? code : 'ERR_FETCH', stage, String(message ?? error));
}

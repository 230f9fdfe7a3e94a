/** When a page load is given up. */
import { setMaxListeners } from 'node:events';
import type { Network } from '../../../net/network.js';
import type { Timer } from '../../../stack/clock.js';

/** Nothing has come for this long: whoever would send it will not. Longer than TCP's first four retransmissions. */
export const STALL_LIMIT_MS = 30_000;
/** Even a load that always moves ends some day. */
export const WHOLE_LIMIT_MS = 600_000;

export class Deadline {
  private readonly controller = new AbortController();
  private readonly network: Network;
  private readonly whole: Timer;
  private readonly stall: Timer | undefined;

  /** With a time limit: that alone counts, for the whole load. Without: how long it may stand still. */
  constructor(network: Network, timeoutMs: number | undefined) {
    this.network = network;
    // Every look-up and every exchange of the load listens for its end, however many there are.
    setMaxListeners(0, this.controller.signal);
    const wholeMs = timeoutMs ?? WHOLE_LIMIT_MS;
    this.whole = network.after(wholeMs, () => this.give(`not done within ${wholeMs} ms`));
    if (timeoutMs !== undefined) return;
    this.stall = network.after(STALL_LIMIT_MS, () => this.give(`nothing has come for ${STALL_LIMIT_MS} ms`));
  }

  /** Aborted with an Error that says what took too long. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something has come. */
  progress(): void {
    if (this.stall?.armed) this.stall.set(this.network.now() + STALL_LIMIT_MS);
  }

  clear(): void {
    this.whole.clear();
    this.stall?.clear();
  }

  private give(reason: string): void {
    this.clear();
    this.controller.abort(new Error(reason));
  }
}

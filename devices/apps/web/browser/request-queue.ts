/**
 * When the requests of a page may start: as Chromium's resource scheduler, whose numbers these are. Requests of medium
 * and lower priority are held back: ten at once at most in the whole page, and one at most while what the page cannot be shown without (its
 * style sheets and the scripts of its head) is still on its way. Servers of HTTP/2 sort the requests themselves.
 */
import { FETCH_PRIORITIES, type FetchPriority } from '../../../control/rpc.js';

export const MAX_DELAYABLE = 10;
const MAX_DELAYABLE_WHILE_BLOCKED = 1;

export interface QueuedRequest {
  readonly priority: FetchPriority;
  /** The page is not shown before it is there. */
  readonly blocking: boolean;
  readonly isMultiplexed: boolean;
}

interface Waiter {
  readonly rank: number;
  readonly start: () => void;
}

export class RequestQueue {
  private blocking = 0;
  private delayable = 0;
  private readonly waiting: Waiter[] = [];

  /** Resolves when it is the request's turn; the function that it resolves with is to be called when the request is done. */
  turn({ priority, blocking, isMultiplexed }: QueuedRequest): Promise<() => void> {
    if (blocking) this.blocking += 1;
    const over = () => {
      if (blocking) this.blocking -= 1;
      this.pump();
    };
    if (isMultiplexed || !isDelayable(priority)) return Promise.resolve(over);
    return new Promise((resolve) => {
      const rank = FETCH_PRIORITIES.indexOf(priority);
      const behind = this.waiting.findIndex((waiter) => waiter.rank > rank);
      const start = () => {
        this.delayable += 1;
        resolve(() => {
          this.delayable -= 1;
          over();
        });
      };
      this.waiting.splice(behind < 0 ? this.waiting.length : behind, 0, { rank, start });
      this.pump();
    });
  }

  private pump(): void {
    const limit = this.blocking > 0 ? MAX_DELAYABLE_WHILE_BLOCKED : MAX_DELAYABLE;
    while (this.delayable < limit) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      next.start();
    }
  }
}

function isDelayable(priority: FetchPriority): boolean {
  return FETCH_PRIORITIES.indexOf(priority) >= FETCH_PRIORITIES.indexOf('medium');
}

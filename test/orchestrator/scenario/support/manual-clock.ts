/** A clock that jumps to the next sleeper whenever nothing else is left to do. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../../orchestrator/scenario/clock.js';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Promises that follow each other before the clock moves; more than any chain of a step has. */
const TURNS = 4;

export class ManualClock implements Clock {
  private time = 1000;
  private sleepers: Sleeper[] = [];

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = () => {
        this.sleepers = this.sleepers.filter((one) => one !== sleeper);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper: Sleeper = { at: this.time + ms, wake };
      this.sleepers.push(sleeper);
      signal.addEventListener('abort', abort);
    });
  }

  /** Runs until the promise is settled, and passes on what it came to. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (;;) {
      for (let turn = 0; turn < TURNS; turn++) await setImmediate();
      if (isSettled) return promise;
      const [next] = this.sleepers.sort((a, b) => a.at - b.at);
      if (next === undefined) throw new Error('nobody sleeps, and nothing happens');
      this.sleepers.shift();
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
  }
}

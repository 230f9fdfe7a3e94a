import type { Timer } from '../stack/clock.js';
import type { Network } from './network.js';

/** Tells once when so much time has passed on the stack's clock since the last {@link touch}. */
export class IdleTimer {
  /** Milliseconds; 0 and undefined: off. */
  ms: number | undefined;
  private readonly network: Network;
  private readonly timer: Timer;

  constructor(network: Network, onIdle: () => void) {
    this.network = network;
    // Programs hear of it in a turn of their own, unless something has happened in between.
    const announce = () => {
      if (this.ms && !this.timer.armed) onIdle();
    };
    this.timer = network.stack.timers.create(() => setImmediate(announce));
  }

  start(ms: number): void {
    this.ms = ms;
    if (ms === 0) this.timer.clear();
    else this.arm(ms);
  }

  /** Something happened: the time starts anew. */
  touch(): void {
    if (!this.ms) return;
    // A deadline that only moves further away concerns nobody: whoever waits for it wakes up and waits again.
    if (this.timer.armed) this.timer.set(this.network.now() + this.ms);
    else this.arm(this.ms);
  }

  /** For good. */
  stop(): void {
    this.timer.clear();
  }

  private arm(ms: number): void {
    this.network.perform(() => this.timer.set(this.network.now() + ms));
  }
}

/** The two kinds of deadlines of a DHCP client: the next step, and those of its lease. All run inside the stack. */
import type { Network } from '../../net/network.js';
import type { Instant, Timer } from '../../stack/clock.js';
import type { ClientLease } from './lease.js';

export class ClientTimers {
  private readonly network: Network;
  /** The next retransmission, or whatever else is waited for. */
  private step: Timer | undefined;
  /** T1, T2 and the end of the lease. */
  private lease: readonly Timer[] = [];

  constructor(network: Network) {
    this.network = network;
  }

  /** Runs the next step after `delayMs`, in place of the one that was waited for. */
  wait(delayMs: number, run: () => void): void {
    this.step?.clear();
    this.step = this.network.after(delayMs, run);
  }

  /** RFC 2131 section 4.4.5. In place of an earlier lease's. */
  follow(lease: ClientLease, onRenew: () => void, onRebind: () => void, onExpire: () => void): void {
    this.clearLease();
    this.lease = [
      this.at(lease.renewAt, onRenew),
      this.at(lease.rebindAt, onRebind),
      this.at(lease.expiresAt, onExpire),
    ];
  }

  clear(): void {
    this.step?.clear();
    this.clearLease();
  }

  private clearLease(): void {
    for (const timer of this.lease) timer.clear();
    this.lease = [];
  }

  private at(instant: Instant, run: () => void): Timer {
    const { timers } = this.network.stack;
    const timer = timers.create(run);
    if (instant !== Number.POSITIVE_INFINITY) timer.set(Math.max(instant, timers.now));
    return timer;
  }
}

import type { Timer, Timers } from '../../clock.js';
import { MAX_RTO_MS, type RttEstimator } from '../recovery/rtt.js';

/** As Linux's tcp_retries2: probes that nothing answers, until the peer is taken for gone. */
const MAX_UNANSWERED_PROBES = 15;
/** As Linux's tcp_orphan_retries: a window that stays closed holds the memory of a program that is gone no longer. */
const ORPHAN_PROBES = 8;

/** The persist timer (RFC 9293 section 3.8.6.1): probes a closed window, with backoff, for as long as it is answered. */
export class Persist {
  readonly timer: Timer;
  /** The program has let go: answers alone do not keep the connection. */
  orphaned = false;
  private readonly timers: Timers;
  private readonly rtt: RttEstimator;
  private backoffs = 0;
  private unanswered = 0;

  /** `probe` sends what makes the peer answer; `giveUp` is called when it never does. */
  constructor(timers: Timers, rtt: RttEstimator, probe: () => void, giveUp: () => void) {
    this.timers = timers;
    this.rtt = rtt;
    this.timer = timers.create(() => {
      if (this.unanswered >= MAX_UNANSWERED_PROBES || this.isForsaken) {
        giveUp();
        return;
      }
      this.unanswered += 1;
      this.backoffs += 1;
      this.start();
      probe();
    });
  }

  private get isForsaken(): boolean {
    return this.orphaned && this.backoffs >= ORPHAN_PROBES && this.rtt.rtoMs * 2 ** this.backoffs >= MAX_RTO_MS;
  }

  /** Data waits for the window. */
  start(): void {
    if (!this.timer.armed) {
      this.timer.set(this.timers.now + Math.min(MAX_RTO_MS, this.rtt.rtoMs * 2 ** this.backoffs));
    }
  }

  /** The peer is there, whatever its window says. */
  answered(): void {
    this.unanswered = 0;
  }

  /** Nothing waits, or the window is open. */
  stop(): void {
    this.timer.clear();
    this.backoffs = 0;
    this.unanswered = 0;
  }
}

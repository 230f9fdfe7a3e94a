import type { Instant, Timer, Timers } from '../../clock.js';

/** As Linux's minimum; RFC 9293 section 3.8.6.3 allows up to 500 ms. */
export const DELAYED_ACK_MS = 40;
/** As Linux's TCP_MAX_QUICKACKS: a sender in slow start gets every ACK at once. */
const QUICK_ACKS = 16;

/** When an ACK goes out on its own: RFC 9293 section 3.8.6.3, RFC 5681 section 4.2. */
export class DelayedAck {
  readonly timer: Timer;
  private readonly timers: Timers;
  private readonly send: () => void;
  private immediate = false;
  private quickAcks = QUICK_ACKS;
  private unacknowledged = 0;
  /** The largest segment seen: the peer's full segment. */
  private segmentSize = 0;
  private lastDataAt: Instant = Number.NEGATIVE_INFINITY;
  /** Linux's "pingpong" mode: this program answers what it gets, and its answers carry the ACKs. */
  private interactive = false;
  /** Unacknowledged segments behind which the sender may have paused: small ones, pushed ones. */
  private pauses = 0;

  /** `send` emits an ACK, which calls {@link sent}. */
  constructor(timers: Timers, send: () => void) {
    this.timers = timers;
    this.send = send;
    this.timer = timers.create(() => {
      // No answer came in time to carry it.
      this.interactive = false;
      send();
    });
  }

  /** New data came in order: ACK at once at the start, then at least every second full segment, or after a while. */
  dataArrived(bytes: number): void {
    this.lastDataAt = this.timers.now;
    this.unacknowledged += bytes;
    if (bytes < this.segmentSize) this.pauses += 1;
    else this.segmentSize = bytes;
    if (this.quickAcks > 0) {
      this.quickAcks -= 1;
      this.immediate = true;
    } else if (this.unacknowledged > this.segmentSize) this.immediate = true;
    else if (!this.timer.armed) this.timer.set(this.timers.now + DELAYED_ACK_MS);
  }

  /** The program sends something; directly after it got something that is taken for an answer. */
  dataSent(): void {
    if (this.timers.now - this.lastDataAt >= DELAYED_ACK_MS) return;
    this.quickAcks = 0;
    this.interactive = true;
  }

  /** What arrived had the PSH flag: the sender has no more for now. */
  pushed(): void {
    this.pauses = Math.max(this.pauses, 1);
  }

  /**
   * The program has read all that there was. As Linux, the ACK goes now if the sender may have paused: it may be
   * waiting for it, because of Nagle's algorithm or of its window.
   */
  drained(): void {
    if (this.pauses > 1 || (this.pauses === 1 && !this.interactive)) this.send();
  }

  /** The next segments are acknowledged at once, as at the start. */
  quicken(): void {
    this.quickAcks = QUICK_ACKS;
    this.interactive = false;
  }

  /** The ACK must not wait: a hole, a duplicate, FIN. */
  atOnce(): void {
    this.immediate = true;
  }

  /** The end of a turn: sends the ACK that is due, unless a segment has carried it. */
  flush(): void {
    if (this.immediate) this.send();
  }

  /** A segment with ACK went out. */
  sent(): void {
    this.immediate = false;
    this.unacknowledged = this.pauses = 0;
    this.timer.clear();
  }

  stop(): void {
    this.sent();
  }
}

import type { Timer, Timers } from '../clock.js';
import type { SequenceNumber } from './control-block/seqnum.js';
import type { Tcb } from './control-block/tcb.js';

/**
 * Linux's TCP_USER_TIMEOUT (RFC 9293 sections 3.8.3 and 3.10.8; RFC 5482 without its option): how long what the
 * program gave may wait without any progress, be it lost on the way or held back by a closed window.
 */
export class UserTimeout {
  readonly timer: Timer;
  /** 0: off; the counts of retransmissions and probes decide. */
  ms = 0;
  private readonly timers: Timers;
  private readonly tcb: Tcb;
  private readonly isWaiting: () => boolean;
  private una: SequenceNumber = 0;

  /** `giveUp` is called when nothing was acknowledged for so long although something waits. */
  constructor(timers: Timers, tcb: Tcb, isWaiting: () => boolean, giveUp: () => void) {
    this.timers = timers;
    this.tcb = tcb;
    this.isWaiting = isWaiting;
    this.timer = timers.create(() => {
      if (this.isWaiting()) giveUp();
    });
  }

  set(ms: number): void {
    this.ms = ms;
    this.timer.clear();
    this.update();
  }

  /** After each turn: has something begun to wait, has the peer acknowledged something, is all done? */
  update(): void {
    if (this.ms === 0) return;
    if (!this.isWaiting()) this.timer.clear();
    else if (!this.timer.armed || this.una !== this.tcb.sndUna) {
      this.una = this.tcb.sndUna;
      this.timer.set(this.timers.now + this.ms);
    }
  }

  stop(): void {
    this.timer.clear();
  }
}

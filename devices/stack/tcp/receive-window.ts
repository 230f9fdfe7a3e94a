import { windowShiftFor } from './negotiation.js';
import type { Tcb } from './tcb.js';

/** How much the peer may send: RFC 9293 section 3.8.6, with the receiver's silly window avoidance of 3.8.6.2.2. */
export class ReceiveWindow {
  /** Bytes that may wait for the program. */
  readonly limit: number;
  /** The shift that our SYN offers. */
  readonly shift: number;
  private readonly tcb: Tcb;
  private readonly queue: { readonly length: number };

  constructor(tcb: Tcb, limit: number, queue: { readonly length: number }) {
    this.tcb = tcb;
    this.limit = limit;
    this.queue = queue;
    this.shift = windowShiftFor(limit);
  }

  /** Opens the window of a SYN, which is never scaled: the header field. */
  initial(): number {
    this.tcb.rcvWnd = Math.min(0xffff, this.limit);
    return this.tcb.rcvWnd;
  }

  /** Moves the right edge when that is worth telling, and returns the header field of the next segment. */
  advertise(): number {
    const { tcb } = this;
    const unit = 2 ** tcb.rcvWndShift;
    const possible = this.possible();
    if (possible - tcb.rcvWnd >= this.worthTelling()) tcb.rcvWnd = Math.floor(possible / unit) * unit;
    // RFC 7323 section 2.4: the field rounds down, so the edge may seem to step back by less than a unit; what was
    // offered before is still taken. Rounding up instead would creep past the buffer, one small segment at a time.
    return Math.floor(tcb.rcvWnd / unit);
  }

  /** The program has read: does the peer have to know? As Linux, only when the window at least doubles. */
  updateDue(): boolean {
    const { tcb } = this;
    const possible = this.possible();
    return tcb.rcvWnd * 2 <= this.limit && possible >= tcb.rcvWnd * 2 && possible - tcb.rcvWnd >= this.worthTelling();
  }

  /** From RCV.NXT on. Out-of-order bytes lie inside the window and take nothing away from it. */
  private possible(): number {
    return Math.min(0xffff * 2 ** this.tcb.rcvWndShift, Math.max(0, this.limit - this.queue.length));
  }

  private worthTelling(): number {
    return Math.min(this.limit / 2, this.tcb.receiveMss);
  }
}

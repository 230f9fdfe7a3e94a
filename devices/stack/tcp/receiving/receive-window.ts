import type { Instant } from '../../clock.js';
import { timestampsLength, windowShiftFor } from '../control-block/negotiation.js';
import type { Tcb } from '../control-block/tcb.js';
import { expectedSpace, MAX_RECEIVE_BUFFER_BYTES, ReceiveAutotuning } from './receive-autotuning.js';

const MAX_FIELD = 0xffff;
/** Full segments that may wait for the program beyond the window. */
const SLACK_SEGMENTS = 2;

/**
 * How much the peer may send: RFC 9293 section 3.8.6, with the receiver's silly window avoidance of 3.8.6.2.2.
 *
 * The window reaches {@link limit} bytes beyond what came in order; only what the program leaves unread beyond two
 * segments takes away from it. (Without those two the ACK of a segment, which goes out before the program has read
 * it, would hold back a part of every window of a sender that needs all of it.) So at most `limit` and two segments
 * wait for a program that does not read. The edge that was told never moves back.
 */
export class ReceiveWindow {
  /** The shift that our SYN offers: enough for the largest window that there may ever be. */
  readonly shift: number;
  private readonly tcb: Tcb;
  private readonly queue: { readonly length: number };
  private readonly fixed: boolean;
  private largest: number;
  private autotuning: ReceiveAutotuning | undefined;

  /** `bytes`: the window, whatever the path needs; without it it starts as Linux's and grows (autotuning). */
  constructor(tcb: Tcb, bytes: number | undefined, queue: { readonly length: number }) {
    this.tcb = tcb;
    this.queue = queue;
    this.fixed = bytes !== undefined;
    this.largest = bytes ?? MAX_FIELD;
    this.shift = windowShiftFor(bytes ?? MAX_RECEIVE_BUFFER_BYTES);
  }

  /** Bytes: the largest window at present. */
  get limit(): number {
    return this.largest;
  }

  /** What autotuning goes by: see {@link ReceiveAutotuning}. Undefined when the buffer is fixed. */
  get measured(): { readonly spaceBytes: number; readonly roundTripMs: number } | undefined {
    if (this.fixed) return undefined;
    return this.autotuning ?? { spaceBytes: expectedSpace(this.tcb.receiveMss, this.largest), roundTripMs: 0 };
  }

  /** Opens the window of a SYN, which is never scaled: the header field. As Linux, whole segments. */
  initial(): number {
    const { tcb } = this;
    if (!this.fixed) {
      const segment = tcb.receiveMss - timestampsLength(tcb);
      this.largest = Math.floor(MAX_FIELD / segment) * segment;
    }
    tcb.rcvWnd = Math.min(MAX_FIELD, this.largest);
    return tcb.rcvWnd;
  }

  /** Moves the right edge when that is worth telling, and returns the header field of the next segment. */
  advertise(): number {
    const { tcb } = this;
    const unit = 2 ** tcb.rcvWndShift;
    const possible = this.possible();
    // The field counts in units. As Linux, a whole window is rounded up, which costs less than a unit; rounding up what
    // is left of one would creep past the limit, one small segment at a time.
    const units = possible === this.largest ? Math.ceil(possible / unit) : Math.floor(possible / unit);
    const target = Math.min(MAX_FIELD, units) * unit;
    // As Linux, a window that is at least half open is told as it is; one that is small only in large steps.
    const step = possible * 2 >= this.largest ? 1 : this.worthTelling();
    if (target - tcb.rcvWnd >= step) tcb.rcvWnd = target;
    // RFC 7323 section 2.4: the field rounds down, so the edge may seem to step back by less than a unit; what was
    // offered before is still taken.
    return Math.floor(tcb.rcvWnd / unit);
  }

  /** The program has read: does the peer have to know? As Linux, only when the window at least doubles. */
  updateDue(): boolean {
    const { tcb } = this;
    const possible = this.possible();
    return tcb.rcvWnd * 2 <= this.largest && possible >= tcb.rcvWnd * 2 && possible - tcb.rcvWnd >= this.worthTelling();
  }

  /** New data is in order. `echoedMs`: the age of the timestamp that it echoes, if it is a full segment. */
  arrived(now: Instant, echoedMs: number | undefined): void {
    if (this.fixed) return;
    const { tcb } = this;
    this.autotuning ??= new ReceiveAutotuning(tcb.receiveMss, this.largest, now);
    this.autotuning.arrived(now, tcb.rcvNxt, tcb.rcvWnd, echoedMs);
  }

  /** The program has read so much; `waiting` bytes lie behind a hole. */
  taken(bytes: number, now: Instant, waiting: number): void {
    const wanted = this.autotuning?.took(bytes, now, waiting);
    if (wanted === undefined) return;
    const most = Math.min(MAX_RECEIVE_BUFFER_BYTES, MAX_FIELD * 2 ** this.tcb.rcvWndShift);
    this.largest = Math.max(this.largest, Math.min(wanted, most));
  }

  /** From RCV.NXT on. Out-of-order bytes lie inside the window and take nothing away from it. */
  private possible(): number {
    const slack = Math.min(this.largest, SLACK_SEGMENTS * this.tcb.receiveMss);
    const free = this.largest + slack - this.queue.length;
    return Math.max(0, Math.min(this.largest, free, MAX_FIELD * 2 ** this.tcb.rcvWndShift));
  }

  private worthTelling(): number {
    return Math.min(this.largest / 2, this.tcb.receiveMss);
  }
}

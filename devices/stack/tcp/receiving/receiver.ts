import type { Counters } from '../../counters.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGt, seqLt } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { ChunkQueue } from './chunk-queue.js';
import type { DelayedAck } from './delayed-ack.js';
import { Reassembly } from './reassembly.js';
import { SelectiveAcks } from './selective-acks.js';

/** The receiving half: puts segment text in order, owes ACKs, finds the end. RFC 9293 section 3.10.7.4, step 7. */
export class Receiver {
  /** In order, not yet read by the program. */
  readonly queue: ChunkQueue;
  readonly reassembly = new Reassembly();
  readonly selective: SelectiveAcks;
  bytesReceived = 0;
  private readonly tcb: Tcb;
  private readonly acks: DelayedAck;
  private readonly counters: Counters;
  /** The sequence number of the peer's FIN, which may come before all data is there. */
  private finSeq: SequenceNumber | undefined;
  private ended = false;

  constructor(tcb: Tcb, queue: ChunkQueue, acks: DelayedAck, counters: Counters) {
    this.tcb = tcb;
    this.queue = queue;
    this.acks = acks;
    this.counters = counters;
    this.selective = new SelectiveAcks(tcb, this.reassembly);
  }

  /**
   * Takes what is new and inside the window of a segment that passed the sequence check. Returns true when its
   * FIN, or that of an earlier segment, is reached now.
   */
  segmentText(seq: SequenceNumber, payload: Uint8Array, fin: boolean): boolean {
    const { tcb } = this;
    const surplus = Math.min(payload.length, Math.max(0, seqDiff(tcb.rcvNxt, seq)));
    const start = seqAdd(seq, surplus);
    const room = Math.max(0, seqDiff(seqAdd(tcb.rcvNxt, tcb.rcvWnd), start));
    const fits = payload.length - surplus <= room;
    const text = payload.subarray(surplus, fits ? payload.length : surplus + room);
    if (!fits) this.counters.add('tcp.beyondWindow');
    if (surplus > 0) this.repeated(seq, start);
    if (surplus > 0 || !fits) this.acks.atOnce();
    if (fin && fits && this.finSeq === undefined) {
      this.finSeq = this.selective.finSeq = seqAdd(seq, payload.length);
    }
    if (text.length > 0) this.take(start, text);
    return this.reachEnd();
  }

  /** A segment of `length` sequence numbers failed the sequence check: what of it is known is reported (RFC 2883). */
  refused(seq: SequenceNumber, length: number): void {
    const { rcvNxt } = this.tcb;
    if (length === 0 || !seqLt(seq, rcvNxt)) return;
    const end = seqAdd(seq, length);
    this.repeated(seq, seqGt(end, rcvNxt) ? rcvNxt : end);
  }

  /** Forgets what can never be read. */
  clear(): void {
    this.reassembly.clear();
  }

  private take(start: SequenceNumber, text: Uint8Array): void {
    const { tcb } = this;
    if (start !== tcb.rcvNxt) {
      // RFC 5681 section 4.2: the duplicate ACK tells the sender of the hole.
      this.acks.atOnce();
      this.counters.add('tcp.outOfOrder');
      const known = this.reassembly.overlap(start, seqAdd(start, text.length));
      if (known !== undefined) this.selective.duplicate(known.start, known.end);
      if (this.reassembly.insert(start, text) === 0) this.counters.add('tcp.outOfOrderDropped');
      return;
    }
    this.queue.push(text);
    let rcvNxt = seqAdd(start, text.length);
    if (this.reassembly.length > 0) {
      rcvNxt = this.reassembly.deliver(rcvNxt, this.queue);
      this.acks.atOnce();
    }
    const advance = seqDiff(rcvNxt, tcb.rcvNxt);
    this.bytesReceived += advance;
    tcb.rcvWnd = Math.max(0, tcb.rcvWnd - advance);
    tcb.rcvNxt = rcvNxt;
    this.acks.dataArrived(text.length);
  }

  /** As Linux: a peer that repeats itself has lost ACKs, or waits for them; it gets each one at once. */
  private repeated(left: SequenceNumber, right: SequenceNumber): void {
    this.counters.add('tcp.duplicateData');
    this.selective.duplicate(left, right);
    this.acks.quicken();
  }

  private reachEnd(): boolean {
    const { tcb } = this;
    if (this.finSeq === undefined || this.ended) return false;
    if (seqGt(this.finSeq, tcb.rcvNxt)) {
      this.acks.atOnce();
      return false;
    }
    this.ended = true;
    tcb.rcvNxt = seqAdd(tcb.rcvNxt, 1);
    tcb.rcvWnd = Math.max(0, tcb.rcvWnd - 1);
    this.acks.atOnce();
    return true;
  }
}

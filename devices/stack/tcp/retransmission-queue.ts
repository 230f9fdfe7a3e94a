import type { Instant } from '../clock.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGe, seqLe, seqLt } from './seqnum.js';

/** How a loss was noticed: by the retransmission timer, or before it (duplicate ACKs, a path MTU that shrank). */
export type LossReason = 'timeout' | 'fast';

/** One segment as it was sent: what is needed to send it again and to measure it. The bytes are in the send buffer. */
export interface SentSegment {
  seq: SequenceNumber;
  /** In sequence numbers: data, and one each for SYN and FIN. */
  length: number;
  readonly syn: boolean;
  fin: boolean;
  sentAt: Instant;
  /** 1 when sent once. */
  transmissions: number;
  /** Set when taken for lost and not sent again since. */
  lost: LossReason | undefined;
  next: SentSegment | undefined;
}

/**
 * Segments from SND.UNA to SND.NXT in order, as a linked list: acknowledged at the front, appended at the back,
 * split where the path's MTU shrank. RFC 9293 section 3.10.8.
 */
export class RetransmissionQueue {
  head: SentSegment | undefined;
  private tail: SentSegment | undefined;
  /** Nothing before this one is lost. */
  private scanFrom: SentSegment | undefined;
  /** Sequence numbers in flight: sent, and not taken for lost. */
  outstanding = 0;

  get empty(): boolean {
    return this.head === undefined;
  }

  append(seq: SequenceNumber, length: number, kind: { syn?: boolean; fin?: boolean }, now: Instant): SentSegment {
    const segment: SentSegment = {
      seq,
      length,
      syn: kind.syn === true,
      fin: kind.fin === true,
      sentAt: now,
      transmissions: 1,
      lost: undefined,
      next: undefined,
    };
    if (this.tail === undefined) this.head = segment;
    else this.tail.next = segment;
    this.tail = segment;
    this.outstanding += length;
    return segment;
  }

  /**
   * Takes out what lies before `ack`; of a segment that is acknowledged in part the rest stays. Returns when the
   * newest of them was sent, for a round trip after Karn: undefined when one of them was sent more than once.
   */
  acknowledge(ack: SequenceNumber): Instant | undefined {
    let sentAt: Instant | undefined;
    let ambiguous = false;
    for (let first = this.head; first !== undefined && seqLt(first.seq, ack); first = this.head) {
      const end = seqAdd(first.seq, first.length);
      const covered = seqLe(end, ack) ? first.length : seqDiff(ack, first.seq);
      if (!first.lost) this.outstanding -= covered;
      if (covered < first.length) {
        first.seq = ack;
        first.length -= covered;
        return undefined;
      }
      sentAt = first.sentAt;
      ambiguous ||= first.transmissions > 1;
      if (this.scanFrom === first) this.scanFrom = first.next;
      this.head = first.next;
    }
    if (this.head === undefined) this.tail = undefined;
    return ambiguous ? undefined : sentAt;
  }

  markLost(segment: SentSegment, reason: LossReason): void {
    if (segment.lost !== undefined) return;
    segment.lost = reason;
    this.outstanding -= segment.length;
    if (this.scanFrom === undefined || seqGe(this.scanFrom.seq, segment.seq)) this.scanFrom = segment;
  }

  /** Marks all segments longer than `minLength` sequence numbers; all without it. */
  markAllLost(reason: LossReason, minLength = 0): void {
    for (let segment = this.head; segment !== undefined; segment = segment.next) {
      if (segment.length > minLength) this.markLost(segment, reason);
    }
  }

  /** The first segment that waits to be sent again. */
  nextLost(): SentSegment | undefined {
    while (this.scanFrom !== undefined && !this.scanFrom.lost) this.scanFrom = this.scanFrom.next;
    return this.scanFrom;
  }

  /** The segment was sent again. */
  resent(segment: SentSegment, now: Instant): void {
    if (segment.lost) this.outstanding += segment.length;
    segment.lost = undefined;
    segment.sentAt = now;
    segment.transmissions += 1;
  }

  /** Cuts the segment after `length` bytes of data; the rest follows as a segment of its own, FIN with it. */
  split(segment: SentSegment, length: number): void {
    const rest: SentSegment = { ...segment, seq: seqAdd(segment.seq, length), length: segment.length - length };
    segment.length = length;
    segment.fin = false;
    segment.next = rest;
    if (this.tail === segment) this.tail = rest;
  }

  clear(): void {
    this.head = undefined;
    this.tail = undefined;
    this.scanFrom = undefined;
    this.outstanding = 0;
  }
}

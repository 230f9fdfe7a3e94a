import type { Instant } from '../../clock.js';
import { type SequenceNumber, seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt } from '../control-block/seqnum.js';

/**
 * Why a segment goes again: the retransmission timer; before it, since later ones arrived (or the path MTU shrank);
 * or as a probe for the loss of the last ones (RFC 8985 section 7).
 */
export type LossReason = 'timeout' | 'fast' | 'probe';

/** One segment as it was sent: what is needed to send it again and to measure it. The bytes are in the send buffer. */
export interface SentSegment {
  seq: SequenceNumber;
  /** In sequence numbers: data, and one each for SYN and FIN. */
  length: number;
  readonly syn: boolean;
  fin: boolean;
  /** The last time. */
  sentAt: Instant;
  /** Grows with every transmission: tells apart what was sent in the same instant. */
  order: number;
  /** 1 when sent once. */
  transmissions: number;
  /** The peer has it, and has not acknowledged what lies before. */
  sacked: boolean;
  /** Set when taken for lost and not sent again since. */
  lost: LossReason | undefined;
  /** Sent again, and on its way. */
  resent: boolean;
  /** By sequence number. */
  next: SentSegment | undefined;
  /** Of a sacked segment: everything from here to there is sacked too. */
  skip: SentSegment | undefined;
  /** The neighbours among the segments on their way, by the time they were sent; undefined at the ends. */
  older: SentSegment | undefined;
  newer: SentSegment | undefined;
}

export type Visit = (segment: SentSegment) => void;

/** The sequence number just after the segment. */
export function endOf(segment: SentSegment): SequenceNumber {
  return seqAdd(segment.seq, segment.length);
}

/**
 * Segments from SND.UNA to SND.NXT with what is known of each: RFC 9293 section 3.10.8 and the scoreboard of RFC 6675
 * section 3. Three orders: a list by sequence number; an array beside it, to find the segment of a sequence number by
 * halving; a list by the time of sending, of what is on its way (RFC 8985 section 6.2, step 5). No ACK costs more
 * than the segments that it tells news of, and a search.
 */
export class RetransmissionQueue {
  head: SentSegment | undefined;
  tail: SentSegment | undefined;
  /** Of what is on its way, neither sacked nor taken for lost, the one that was sent first. */
  oldest: SentSegment | undefined;
  /** Sequence numbers on their way. RFC 6675's pipe. */
  outstanding = 0;
  sackedCount = 0;
  /** Segments that wait to be sent again. */
  lostCount = 0;
  /** Segments sent again, and on their way. */
  resentCount = 0;
  private newest: SentSegment | undefined;
  private orders = 0;
  private items: SentSegment[] = [];
  /** Where in `items` the head is. */
  private first = 0;
  /** Nothing before this one is lost. */
  private scanFrom: SentSegment | undefined;
  /** Just after the highest sequence number that is sacked. */
  private sackedTo: SequenceNumber = 0;

  get empty(): boolean {
    return this.head === undefined;
  }

  /** Segments that are not acknowledged cumulatively. */
  get size(): number {
    return this.items.length - this.first;
  }

  /** Just after the highest sequence number that is known to have arrived out of order; undefined when none has. */
  get highestSacked(): SequenceNumber | undefined {
    return this.sackedCount === 0 ? undefined : this.sackedTo;
  }

  append(seq: SequenceNumber, length: number, kind: { syn?: boolean; fin?: boolean }, now: Instant): SentSegment {
    const segment: SentSegment = {
      seq,
      length,
      syn: kind.syn === true,
      fin: kind.fin === true,
      sentAt: now,
      order: this.orders++,
      transmissions: 1,
      sacked: false,
      lost: undefined,
      resent: false,
      next: undefined,
      skip: undefined,
      older: undefined,
      newer: undefined,
    };
    if (this.tail === undefined) this.head = segment;
    else this.tail.next = segment;
    this.tail = segment;
    this.items.push(segment);
    this.outstanding += length;
    this.link(segment, this.newest);
    return segment;
  }

  /** Takes out what lies before `ack`, each whole segment told to `visit`; of one acknowledged in part the rest stays. */
  acknowledge(ack: SequenceNumber, visit: Visit): void {
    for (let first = this.head; first !== undefined && seqLt(first.seq, ack); first = this.head) {
      if (seqGt(endOf(first), ack)) {
        const covered = seqDiff(ack, first.seq);
        if (isOnItsWay(first)) this.outstanding -= covered;
        first.seq = ack;
        first.length -= covered;
        return;
      }
      visit(first);
      this.takeOff(first);
      if (first.sacked) this.sackedCount -= 1;
      if (first.lost !== undefined) this.lostCount -= 1;
      if (this.scanFrom === first) this.scanFrom = first.next;
      this.head = first.next;
      this.first += 1;
    }
    if (this.head === undefined) this.tail = undefined;
    this.compact();
  }

  /** The peer has the bytes from `left` to before `right`: marks the whole segments among them, `visit` told of each. */
  sack(left: SequenceNumber, right: SequenceNumber, visit: Visit): void {
    let segment = this.unsackedFrom(this.items[this.indexOf(left)]);
    while (segment !== undefined && seqLe(endOf(segment), right)) {
      visit(segment);
      this.takeOff(segment);
      if (segment.lost !== undefined) this.lostCount -= 1;
      segment.lost = undefined;
      segment.sacked = true;
      if (this.sackedCount === 0 || seqGt(endOf(segment), this.sackedTo)) this.sackedTo = endOf(segment);
      this.sackedCount += 1;
      segment = this.unsackedFrom(segment.next);
    }
  }

  /** Calls `visit` for the segments of which the range contains a part, as far as they are still here. */
  within(left: SequenceNumber, right: SequenceNumber, visit: Visit): void {
    for (
      let segment: SentSegment | undefined = this.items[this.indexOf(left)];
      segment !== undefined;
      segment = segment.next
    ) {
      if (seqGt(endOf(segment), right)) return;
      visit(segment);
    }
  }

  /** The peer has thrown away what it had reported (RFC 2018 section 8): nothing is sacked any more. */
  forgetSacked(): void {
    for (let segment = this.head; segment !== undefined; segment = segment.next) {
      segment.skip = undefined;
      if (!segment.sacked) continue;
      segment.sacked = false;
      this.outstanding += segment.length;
    }
    this.sackedCount = 0;
    this.sortByTime();
  }

  markLost(segment: SentSegment, reason: LossReason): void {
    if (!isOnItsWay(segment)) return;
    this.takeOff(segment);
    segment.lost = reason;
    this.lostCount += 1;
    if (this.scanFrom === undefined || seqGe(this.scanFrom.seq, segment.seq)) this.scanFrom = segment;
  }

  /** Marks all segments longer than `minLength` sequence numbers; all without it. */
  markAllLost(reason: LossReason, minLength = 0): void {
    for (let segment = this.head; segment !== undefined; segment = segment.next) {
      if (segment.length > minLength) this.markLost(segment, reason);
    }
  }

  /** Taking them for lost was a mistake: those that were not sent again are on their way after all. */
  unmarkLost(): void {
    if (this.lostCount === 0) return;
    for (let segment = this.scanFrom; segment !== undefined; segment = segment.next) {
      if (segment.lost === undefined) continue;
      segment.lost = undefined;
      this.outstanding += segment.length;
    }
    this.lostCount = 0;
    this.scanFrom = undefined;
    this.sortByTime();
  }

  /** The first segment that waits to be sent again. */
  nextLost(): SentSegment | undefined {
    if (this.lostCount === 0) this.scanFrom = undefined;
    while (this.scanFrom !== undefined && this.scanFrom.lost === undefined) this.scanFrom = this.scanFrom.next;
    return this.scanFrom;
  }

  /** The segment was sent again. */
  resent(segment: SentSegment, now: Instant): void {
    if (segment.lost !== undefined) this.lostCount -= 1;
    else this.takeOff(segment);
    segment.lost = undefined;
    segment.resent = true;
    this.resentCount += 1;
    segment.sentAt = now;
    segment.order = this.orders++;
    segment.transmissions += 1;
    this.outstanding += segment.length;
    this.link(segment, this.newest);
  }

  /** Cuts a segment that is not sacked after `length` bytes of data; the rest follows as one of its own, FIN with it. */
  split(segment: SentSegment, length: number): void {
    const rest: SentSegment = { ...segment, seq: seqAdd(segment.seq, length), length: segment.length - length };
    this.items.splice(this.indexOf(segment.seq) + 1, 0, rest);
    segment.length = length;
    segment.fin = false;
    segment.next = rest;
    if (this.tail === segment) this.tail = rest;
    if (segment.lost !== undefined) this.lostCount += 1;
    else this.link(rest, segment);
    if (segment.resent) this.resentCount += 1;
  }

  clear(): void {
    this.head = this.tail = this.oldest = this.newest = this.scanFrom = undefined;
    this.items = [];
    this.first = 0;
    this.outstanding = this.sackedCount = this.lostCount = this.resentCount = 0;
  }

  /** Where the first segment that starts at or after `seq` is. */
  private indexOf(seq: SequenceNumber): number {
    let low = this.first;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (seqLt(this.items[middle].seq, seq)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first that is not sacked, from `segment` on. Runs that were walked once are jumped over from then on. */
  private unsackedFrom(segment: SentSegment | undefined): SentSegment | undefined {
    let found = segment;
    while (found?.sacked) found = found.skip ?? found.next;
    for (let at = segment; found !== undefined && at !== undefined && at !== found; ) {
      const onward: SentSegment | undefined = at.skip ?? at.next;
      at.skip = found;
      at = onward;
    }
    return found;
  }

  private link(segment: SentSegment, after: SentSegment | undefined): void {
    segment.older = after;
    segment.newer = after === undefined ? this.oldest : after.newer;
    if (segment.newer === undefined) this.newest = segment;
    else segment.newer.older = segment;
    if (after === undefined) this.oldest = segment;
    else after.newer = segment;
  }

  /** It is not on its way any more, if it was. */
  private takeOff(segment: SentSegment): void {
    if (!isOnItsWay(segment)) return;
    this.outstanding -= segment.length;
    if (segment.resent) this.resentCount -= 1;
    segment.resent = false;
    if (segment.older === undefined) this.oldest = segment.newer;
    else segment.older.newer = segment.newer;
    if (segment.newer === undefined) this.newest = segment.older;
    else segment.newer.older = segment.older;
    segment.older = segment.newer = undefined;
  }

  private sortByTime(): void {
    const under = this.items.slice(this.first).filter(isOnItsWay);
    this.oldest = this.newest = undefined;
    for (const segment of under.sort((a, b) => a.order - b.order || seqDiff(a.seq, b.seq))) {
      segment.older = segment.newer = undefined;
      this.link(segment, this.newest);
    }
  }

  private compact(): void {
    if (this.first < 64 || this.first * 2 < this.items.length) return;
    this.items = this.items.slice(this.first);
    this.first = 0;
  }
}

function isOnItsWay(segment: SentSegment): boolean {
  return !segment.sacked && segment.lost === undefined;
}

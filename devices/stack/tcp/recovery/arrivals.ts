import type { Instant } from '../../clock.js';
import type { Counters } from '../../counters.js';
import type { SackBlock } from '../../wire/tcp.js';
import { type SequenceNumber, seqDiff, seqGe, seqGt, seqLe, seqLt } from '../control-block/seqnum.js';
import type { Tcb } from '../control-block/tcb.js';
import type { AckNews } from './ack-news.js';
import type { LossRecovery } from './loss-recovery.js';
import { endOf, type RetransmissionQueue, type SentSegment } from './retransmission-queue.js';
import { MAX_RTO_MS, type RttEstimator } from './rtt.js';

/** The parts of an ACK that say what has arrived. */
export interface ArrivedAck {
  readonly ack: SequenceNumber;
  readonly sack: readonly SackBlock[] | undefined;
  /** TSecr; undefined when timestamps were not agreed. */
  readonly echo: number | undefined;
  /** Our timestamp clock now. */
  readonly timestamp: number;
  /** It moves nothing and carries nothing: a duplicate in the sense of RFC 5681 section 2, if something is in flight. */
  readonly bare: boolean;
  /** ECE. */
  readonly marked: boolean;
}

/** What one ACK said of the time that segments took. */
interface Measure {
  /** When the first and the last of the segments were sent that were acknowledged cumulatively, none of them twice. */
  first: Instant | undefined;
  last: Instant | undefined;
  /** The same of those that were acknowledged out of order. */
  firstSacked: Instant | undefined;
  lastSacked: Instant | undefined;
  /** One was sent twice (Karn). */
  ambiguous: boolean;
  /** Sent once, and overtaken by another: the lowest. */
  overtaken: SequenceNumber | undefined;
}

/** Takes ACKs into the queue: what is there, how long it took, in which order it came. RFC 2018, RFC 2883, RFC 6298. */
export class Arrivals {
  /** Segments that the peer reports to have got twice. */
  duplicates = 0;
  /** Of the last ACK, for congestion control: the newest segment's, after Karn. */
  rttMs: number | undefined;
  private readonly tcb: Tcb;
  private readonly queue: RetransmissionQueue;
  private readonly rtt: RttEstimator;
  private readonly recovery: LossRecovery;
  private readonly counters: Counters;

  constructor(tcb: Tcb, queue: RetransmissionQueue, rtt: RttEstimator, recovery: LossRecovery, counters: Counters) {
    this.tcb = tcb;
    this.queue = queue;
    this.rtt = rtt;
    this.recovery = recovery;
    this.counters = counters;
  }

  /** Moves SND.UNA. `resent`: retransmissions so far, which bounds what reports of duplicates are believed. */
  take(arrived: ArrivedAck, resent: number, now: Instant): AckNews {
    const { tcb, queue, recovery } = this;
    const { ack } = arrived;
    const priorUna = tcb.sndUna;
    const news: AckNews = {
      ack,
      priorUna,
      echo: arrived.echo,
      advanced: seqGt(ack, priorUna),
      duplicate: arrived.bare && !queue.empty,
      bare: arrived.bare,
      marked: arrived.marked,
      delivered: 0,
      sacked: false,
      repeated: false,
      probeRepeated: false,
      originalArrived: false,
      segments: 0,
    };
    const measure: Measure = {
      first: undefined,
      last: undefined,
      firstSacked: undefined,
      lastSacked: undefined,
      ambiguous: false,
      overtaken: undefined,
    };
    const highest = queue.highestSacked;
    if (news.advanced) tcb.sndUna = ack;
    if (arrived.sack !== undefined) this.takeBlocks(arrived.sack, news, measure, resent, now);
    if (news.advanced) {
      queue.acknowledge(ack, (segment) => this.onAcknowledged(segment, arrived, highest, news, measure, now));
      // Without SACK what waited behind the hole is acknowledged only with what was sent again: it may be that which helped.
      if (!tcb.sackPermitted && measure.ambiguous) news.originalArrived = false;
    }
    if (measure.overtaken !== undefined) {
      recovery.rack.reordered(measure.overtaken, queue.highestSacked ?? ack, tcb.mss);
    }
    this.measure(measure, arrived, news, now);
    return news;
  }

  private takeBlocks(
    blocks: readonly SackBlock[],
    news: AckNews,
    measure: Measure,
    resent: number,
    now: Instant,
  ): void {
    const { queue, tcb } = this;
    let rest = blocks;
    if (isDuplicateReport(news.ack, blocks)) {
      this.onDuplicateReport(blocks[0], news, resent);
      rest = blocks.slice(1);
    }
    // From below: what fills a hole between two blocks of one ACK is no reordering.
    for (const { left, right } of rest.length > 1 ? [...rest].sort((a, b) => seqDiff(a.left, b.left)) : rest) {
      // An ACK that was overtaken tells of what is acknowledged by now.
      if (seqLt(left, right) && seqLe(right, tcb.sndUna)) continue;
      if (seqGe(left, right) || seqLt(left, tcb.sndUna) || seqGt(right, tcb.sndNxt)) {
        this.counters.add('tcp.sackInvalid');
        continue;
      }
      queue.sack(left, right, (segment) => this.onSacked(segment, news, measure, now));
    }
  }

  private onSacked(segment: SentSegment, news: AckNews, measure: Measure, now: Instant): void {
    const { queue, recovery, rtt } = this;
    news.sacked = true;
    news.delivered += segment.length;
    recovery.rack.delivered(segment, now, rtt.minMs);
    if (segment.transmissions > 1) return;
    measure.firstSacked ??= segment.sentAt;
    measure.lastSacked = segment.sentAt;
    if (recovery.sentBeforeRecovery(endOf(segment))) news.originalArrived = true;
    const highest = queue.highestSacked;
    if (highest !== undefined && seqLt(segment.seq, highest)) overtaken(segment, measure);
  }

  private onAcknowledged(
    segment: SentSegment,
    arrived: ArrivedAck,
    highest: SequenceNumber | undefined,
    news: AckNews,
    measure: Measure,
    now: Instant,
  ): void {
    const { recovery, rtt } = this;
    news.segments += 1;
    if (!segment.sacked) {
      news.delivered += segment.length;
      if (!answersFirst(segment, arrived, now)) recovery.rack.delivered(segment, now, rtt.minMs);
    }
    if (segment.transmissions > 1) measure.ambiguous = true;
    else if (!segment.sacked) {
      measure.first ??= segment.sentAt;
      measure.last = segment.sentAt;
      if (recovery.sentBeforeRecovery(endOf(segment))) news.originalArrived = true;
      if (highest !== undefined && seqLt(segment.seq, highest)) overtaken(segment, measure);
    }
  }

  /** RFC 2883. Believed, as by Linux, only for what was sent, and not more often than something was sent again. */
  private onDuplicateReport({ left, right }: SackBlock, news: AckNews, resent: number): void {
    const { tcb, queue, recovery, counters } = this;
    const { spurious, probe, rack } = recovery;
    const length = seqDiff(right, left);
    if (length <= 0 || length > tcb.maxSndWnd || seqGt(right, tcb.sndNxt)) {
      counters.add('tcp.dsackInvalid');
      return;
    }
    const probed = length <= tcb.mss && probe.endsAt(right);
    const segments = Math.ceil(length / tcb.mss);
    this.duplicates += segments;
    counters.add('tcp.dsacksIn');
    // More than that the network itself has doubled.
    if (this.duplicates > resent) return;
    news.repeated = true;
    news.probeRepeated = probed;
    news.delivered += length;
    if (!probed) rack.onDuplicateReport(tcb.sndUna, tcb.sndNxt);
    if (seqLe(right, news.priorUna)) spurious.onDuplicates(right, segments);
    else {
      queue.within(left, right, (segment) => {
        if (segment.transmissions > 1) spurious.onDuplicates(endOf(segment), 1);
      });
    }
  }

  /**
   * RFC 6298 section 3: as Linux, the first of what is acknowledged, so that the delay of the ACK counts. Unlike Linux
   * an ACK that answers a duplicate measures nothing: what it tells for the first time may have arrived long ago, when
   * its own ACK was lost, and the timestamp that it echoes is that of then (RFC 7323 section 4.3). The echo of an ACK
   * that moves on goes before what was acknowledged out of order, for the same reason.
   */
  private measure(measure: Measure, arrived: ArrivedAck, news: AckNews, now: Instant): void {
    let sampleMs: number | undefined;
    this.rttMs = undefined;
    const { sack, echo } = arrived;
    if (sack !== undefined && isDuplicateReport(news.ack, sack)) {
      // But what was sent again is answered: the path is no worse than it was.
      if (news.advanced) this.rtt.endBackoff();
    } else if (measure.first !== undefined && measure.last !== undefined && !measure.ambiguous) {
      sampleMs = now - measure.first;
      this.rttMs = now - measure.last;
    } else if (news.advanced && echo !== undefined) {
      const echoedMs = seqDiff(arrived.timestamp, echo);
      if (echoedMs >= 0 && echoedMs < MAX_RTO_MS) sampleMs = this.rttMs = echoedMs;
    } else if (measure.firstSacked !== undefined && measure.lastSacked !== undefined) {
      sampleMs = now - measure.firstSacked;
      this.rttMs = now - measure.lastSacked;
    }
    if (sampleMs === undefined || this.rttMs === undefined) return;
    this.rtt.observe(this.rttMs, now);
    this.rtt.sample(sampleMs);
  }
}

/** RFC 2883 section 4: the first block lies below the acknowledgment, or within the second block. */
function isDuplicateReport(ack: SequenceNumber, blocks: readonly SackBlock[]): boolean {
  const [first, second] = blocks;
  if (first === undefined) return false;
  if (seqLt(first.left, ack)) return true;
  return second !== undefined && seqGe(first.left, second.left) && seqLe(first.right, second.right);
}

/** Its echo shows that it answers a transmission before the last one. */
function answersFirst(segment: SentSegment, arrived: ArrivedAck, now: Instant): boolean {
  if (segment.transmissions === 1 || arrived.echo === undefined) return false;
  const stamp = arrived.timestamp - (Math.floor(now) - Math.floor(segment.sentAt));
  return seqLt(arrived.echo, stamp >>> 0);
}

function overtaken(segment: SentSegment, measure: Measure): void {
  if (measure.overtaken === undefined || seqLt(segment.seq, measure.overtaken)) measure.overtaken = segment.seq;
}

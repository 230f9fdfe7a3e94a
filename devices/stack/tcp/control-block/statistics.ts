import type { Instant } from '../../clock.js';
import { ACK, type TcpSegment } from '../../wire/tcp.js';
import { type SequenceNumber, seqAdd, seqGt, seqLt } from './seqnum.js';

/** What one connection counts for those who look at it (`ss -ti`); nothing in the protocol depends on it. */
export class Statistics {
  segmentsIn = 0;
  segmentsOut = 0;
  dataSegmentsIn = 0;
  dataSegmentsOut = 0;
  /** Bytes of data in segments that were sent before. */
  bytesRetransmitted = 0;
  /** Bytes of data in the largest segment received. */
  largestSegmentIn = 0;
  lastDataSentAt: Instant | undefined;
  lastDataReceivedAt: Instant | undefined;
  lastAckAt: Instant | undefined;
  /** Just after the highest byte that was ever sent. */
  private sentEnd: SequenceNumber | undefined;

  onSent(seq: SequenceNumber, dataLength: number, now: Instant): void {
    this.segmentsOut += 1;
    if (dataLength === 0) return;
    this.dataSegmentsOut += 1;
    this.lastDataSentAt = now;
    const end = seqAdd(seq, dataLength);
    if (this.sentEnd !== undefined && seqLt(seq, this.sentEnd)) this.bytesRetransmitted += dataLength;
    if (this.sentEnd === undefined || seqGt(end, this.sentEnd)) this.sentEnd = end;
  }

  onReceived(segment: TcpSegment, now: Instant): void {
    this.segmentsIn += 1;
    if (segment.flags & ACK) this.lastAckAt = now;
    if (segment.payload.length === 0) return;
    this.dataSegmentsIn += 1;
    this.largestSegmentIn = Math.max(this.largestSegmentIn, segment.payload.length);
    this.lastDataReceivedAt = now;
  }
}

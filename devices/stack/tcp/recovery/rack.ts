import type { Instant } from '../../clock.js';
import { type SequenceNumber, seqDiff, seqGe, seqLt } from '../control-block/seqnum.js';
import type { RetransmissionQueue, SentSegment } from './retransmission-queue.js';

/** Segments that must have overtaken one for it to be lost rather than late, as long as no reordering was seen. */
const DUPLICATE_THRESHOLD = 3;
/** As Linux's tcp_max_reordering: segments. */
const MAX_REORDERING = 300;
/** RFC 8985 section 6.2, step 4: a wider window is kept for so many recoveries. */
const PERSIST_RECOVERIES = 16;
const MAX_STEPS = 255;

/**
 * Recent acknowledgment (RFC 8985): a segment is lost when one that was sent later has arrived, and the time that
 * reordering may take has gone by. It tells of lost retransmissions too, which counting duplicates cannot.
 */
export class Rack {
  /** Segments by which one overtook another at most. Three until reordering was seen. */
  reordering = DUPLICATE_THRESHOLD;
  reorderingSeen = false;
  /** Something arrived since the last search for losses. */
  advanced = false;
  /**
   * Of the segment sent last among those that have arrived: RACK.xmit_ts and RACK.end_seq in one, since many leave in
   * one instant here, repeated ones among them; and RACK.rtt.
   */
  private order = -1;
  private rttMs = 0;
  /** RACK.reo_wnd_mult, RACK.reo_wnd_persist, RACK.dsack_round. */
  private steps = 1;
  private persist = 0;
  private roundEnd: SequenceNumber | undefined;

  /** `segment` has arrived. Section 6.2, step 2. */
  delivered(segment: SentSegment, now: Instant, minRttMs: number): void {
    const rttMs = now - segment.sentAt;
    // Sent again, and answered faster than the path can: this is the answer to the first transmission.
    if (segment.transmissions > 1 && rttMs < minRttMs) return;
    this.advanced = true;
    this.rttMs = rttMs;
    this.order = Math.max(this.order, segment.order);
  }

  /**
   * A segment at `low` that was sent once arrived after the one that ends at `high`: step 3. Called for
   * anything that fills a hole without having been sent again.
   */
  reordered(low: SequenceNumber, high: SequenceNumber, mss: number): void {
    if (!seqLt(low, high)) return;
    const distance = Math.ceil(seqDiff(high, low) / mss);
    this.reordering = Math.min(MAX_REORDERING, Math.max(this.reordering, distance));
    this.reorderingSeen = true;
  }

  /** Step 4: the peer got something twice, so the window was too short. Grows it once a round trip. */
  onDuplicateReport(una: SequenceNumber, next: SequenceNumber): void {
    if (this.roundEnd !== undefined && seqGe(una, this.roundEnd)) this.roundEnd = undefined;
    if (this.roundEnd !== undefined || !this.reorderingSeen) return;
    this.roundEnd = next;
    this.steps = Math.min(MAX_STEPS, this.steps + 1);
    this.persist = PERSIST_RECOVERIES;
  }

  /** A recovery has ended without a sign that it was a mistake. */
  onRecovered(): void {
    if (this.persist > 0) this.persist -= 1;
    if (this.persist === 0) this.steps = 1;
  }

  /** RACK.reo_wnd, milliseconds. As Linux: nothing while repairing or past the threshold, until reordering was seen. */
  windowMs(repairing: boolean, sackedCount: number, minRttMs: number, smoothedRttMs: number): number {
    if (!this.reorderingSeen && (repairing || sackedCount >= this.reordering)) return 0;
    return Math.min((minRttMs / 4) * this.steps, smoothedRttMs);
  }

  /** When `segment` is overdue, if one that was sent later has arrived. */
  dueAt(segment: SentSegment, windowMs: number): Instant {
    return segment.sentAt + this.rttMs + windowMs;
  }

  /** Step 5: marks what is lost; returns when to look again, undefined when nothing is suspect. */
  detect(queue: RetransmissionQueue, windowMs: number, now: Instant): Instant | undefined {
    this.advanced = false;
    let again: Instant | undefined;
    for (let segment = queue.oldest; segment !== undefined && this.sentBefore(segment); ) {
      const { newer }: SentSegment = segment;
      const at = this.dueAt(segment, windowMs);
      if (at <= now) queue.markLost(segment, 'fast');
      else if (again === undefined || at > again) again = at;
      segment = newer;
    }
    return again;
  }

  /** Was it sent before the one that has arrived? */
  private sentBefore(segment: SentSegment): boolean {
    return segment.order < this.order;
  }
}

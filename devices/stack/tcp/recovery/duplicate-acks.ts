import type { Tcb } from '../control-block/tcb.js';
import type { AckNews } from './ack-news.js';
import type { RetransmissionQueue } from './retransmission-queue.js';

/** Without SACK duplicate ACKs tell how much has arrived, not what: Linux's emulation of SACK. */
export class DuplicateAcks {
  /** Segments that have arrived behind the first hole. */
  count = 0;
  private readonly tcb: Tcb;
  private readonly queue: RetransmissionQueue;

  constructor(tcb: Tcb, queue: RetransmissionQueue) {
    this.tcb = tcb;
    this.queue = queue;
  }

  /** A duplicate tells that one more has arrived; an ACK that moves on starts anew. */
  take(news: AckNews): void {
    if (this.tcb.sackPermitted) return;
    if (news.advanced) this.count = 0;
    else if (news.duplicate && this.count < this.queue.size - Math.max(1, this.queue.lostCount)) {
      this.count += 1;
      news.delivered += this.tcb.mss;
    }
  }

  /** One of the acknowledged segments filled the hole, the others are those that duplicates told of. */
  acknowledged(news: AckNews): void {
    if (this.count === 0) return;
    const { mss } = this.tcb;
    news.delivered = Math.max(news.delivered - this.count * mss, mss);
    this.count = Math.max(0, this.count - Math.max(0, news.segments - 1));
  }
}

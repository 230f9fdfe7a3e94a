import type { Instant } from '../clock.js';
import type { CongestionControl } from './congestion/congestion-control.js';
import { type SequenceNumber, seqAdd, seqGt } from './seqnum.js';
import type { Tcb } from './tcb.js';

const DUPLICATE_THRESHOLD = 3;

/** Finds losses by duplicate ACKs: NewReno's fast retransmit and fast recovery (RFC 6582), limited transmit (RFC 3042). */
export class LossRecovery {
  inRecovery = false;
  private duplicates = 0;
  private readonly tcb: Tcb;
  private readonly congestion: CongestionControl;
  /** RFC 6582: the highest sequence number sent when the last recovery or timeout began. */
  private recover: SequenceNumber = 0;

  constructor(tcb: Tcb, congestion: CongestionControl) {
    this.tcb = tcb;
    this.congestion = congestion;
  }

  /** Before the SYN: every acknowledgment lies beyond `recover`. */
  start(): void {
    this.recover = seqAdd(this.tcb.iss, -1);
  }

  /** Bytes that may be in flight beyond the congestion window: one segment for each of the first two duplicates. */
  get limitedTransmit(): number {
    return this.inRecovery || this.duplicates >= DUPLICATE_THRESHOLD ? 0 : this.duplicates * this.tcb.mss;
  }

  /** True when the first unacknowledged segment is to be sent again now. */
  onDuplicateAck(now: Instant): boolean {
    const { congestion, tcb } = this;
    if (this.inRecovery) {
      congestion.window += tcb.mss;
      return false;
    }
    this.duplicates += 1;
    // Section 3.2, step 2: duplicates of what a timeout had sent again tell nothing.
    if (this.duplicates !== DUPLICATE_THRESHOLD || !seqGt(seqAdd(tcb.sndUna, -1), this.recover)) return false;
    this.inRecovery = true;
    this.recover = seqAdd(tcb.sndNxt, -1);
    congestion.onCongestion(now);
    congestion.window = congestion.slowStartThreshold + DUPLICATE_THRESHOLD * tcb.mss;
    return true;
  }

  /**
   * SND.UNA has moved by `acked` bytes; `flightSize` is what is left in flight. True when the ACK is a partial one:
   * the segment at SND.UNA is lost too.
   */
  onNewAck(acked: number, flightSize: number): boolean {
    const { congestion, tcb } = this;
    this.duplicates = 0;
    if (!this.inRecovery) {
      // `recover` follows, or it would seem to lie ahead once 2^31 bytes went by.
      if (seqGt(seqAdd(tcb.sndUna, -1), this.recover)) this.recover = seqAdd(tcb.sndUna, -2);
      return false;
    }
    if (seqGt(tcb.sndUna, this.recover)) {
      this.inRecovery = false;
      congestion.window = Math.min(congestion.slowStartThreshold, Math.max(flightSize, tcb.mss) + tcb.mss);
      return false;
    }
    congestion.window = Math.max(tcb.mss, congestion.window - acked);
    if (acked >= tcb.mss) congestion.window += tcb.mss;
    return true;
  }

  /** Section 4: after a timeout fast recovery ends, and duplicates below what was sent so far are ignored. */
  onTimeout(): void {
    this.inRecovery = false;
    this.duplicates = 0;
    this.recover = seqAdd(this.tcb.sndNxt, -1);
  }
}

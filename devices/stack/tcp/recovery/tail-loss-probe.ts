import { type SequenceNumber, seqGt, seqLt } from '../control-block/seqnum.js';

/** The peer's worst delay of an ACK when one segment alone is in flight: as Linux, the least RTO. */
const MAX_ACK_DELAY_MS = 200;
/** For the clocks of both ends: as Linux's TCP_TIMEOUT_MIN. */
const MARGIN_MS = 2;

/** What the ACKs since the probe tell. */
export interface ProbeNews {
  /** SND.UNA has moved. */
  readonly advanced: boolean;
  /** The peer reports that the probe was a duplicate. */
  readonly repeated: boolean;
  /** An ACK that carries nothing new at all. */
  readonly bare: boolean;
}

/** RFC 8985 section 7: the last segments of a flight have none behind them to tell of their loss; a probe makes one. */
export class TailLossProbe {
  /** Probes sent, in all. */
  count = 0;
  /** TLP.end_seq: SND.NXT when the probe was sent, while its fate is not known. */
  private end: SequenceNumber | undefined;
  /** The probe repeated old data. */
  private again = false;

  /** A probe is on its way: there is never a second one. */
  get pending(): boolean {
    return this.end !== undefined;
  }

  /** PTO, milliseconds: two round trips, and the delay of the ACK for a single segment. Section 7.2. */
  delayMs(smoothedRttMs: number, segmentsInFlight: number): number {
    return 2 * smoothedRttMs + (segmentsInFlight === 1 ? MAX_ACK_DELAY_MS : MARGIN_MS);
  }

  /** `next`: SND.NXT after the probe. */
  sent(next: SequenceNumber, again: boolean): void {
    this.end = next;
    this.again = again;
    this.count += 1;
  }

  /** A recovery takes over. */
  forget(): void {
    this.end = undefined;
  }

  /** Is it the probe that a duplicate report up to `right` tells of? */
  endsAt(right: SequenceNumber): boolean {
    return this.end === right;
  }

  /** Section 7.4: true when the probe has repaired a loss that nobody else will notice; congestion control has to know. */
  onAck(ack: SequenceNumber, news: ProbeNews): boolean {
    const { end } = this;
    if (end === undefined || seqLt(ack, end)) return false;
    if (!this.again || news.repeated) this.end = undefined;
    else if (seqGt(ack, end)) {
      this.end = undefined;
      return true;
    } else if (news.bare) this.end = undefined;
    return false;
  }
}

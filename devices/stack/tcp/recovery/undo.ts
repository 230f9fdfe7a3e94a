import { type SequenceNumber, seqGt, seqLt } from '../control-block/seqnum.js';

/**
 * Was the last reduction a mistake? Two proofs: the peer reports every retransmission as a duplicate (RFC 3708 as
 * Linux does it), or its echoed timestamp shows that it answered the first transmission (Eifel, RFC 3522).
 */
export class SpuriousDetector {
  /** SND.UNA when the reduction began; undefined when there is nothing to undo. */
  marker: SequenceNumber | undefined;
  /** Retransmissions since then that are not reported as duplicates; undefined until there is one. */
  private unproven: number | undefined;
  /** The timestamp of the first of them. */
  private stamp: number | undefined;

  /** A reduction begins, with `inFlight` retransmissions under way already. */
  start(una: SequenceNumber, inFlight: number): void {
    this.marker = una;
    this.unproven = inFlight > 0 ? inFlight : undefined;
  }

  /** Nothing that was sent again is left: the next retransmission is the first of its episode. */
  settled(): void {
    this.stamp = undefined;
  }

  end(): void {
    this.marker = undefined;
  }

  /** `timestamp`: what the segment carries, or would carry. */
  onResent(timestamp: number): void {
    this.stamp ??= timestamp;
    this.unproven = (this.unproven ?? 0) + 1;
  }

  /** The peer got the bytes up to `right` twice, `segments` of them. */
  onDuplicates(right: SequenceNumber, segments: number): void {
    if (this.marker === undefined || this.unproven === undefined || !seqGt(right, this.marker)) return;
    this.unproven = Math.max(0, this.unproven - segments);
  }

  /** Every retransmission was for nothing. */
  get allRepeated(): boolean {
    return this.marker !== undefined && this.unproven === 0;
  }

  /** RFC 3522 section 3.2: the ACK answers something that was sent before the first retransmission. */
  delayed(echo: number | undefined): boolean {
    if (this.marker === undefined) return false;
    if (this.stamp === undefined) return true;
    return echo !== undefined && echo !== 0 && seqLt(echo, this.stamp);
  }
}

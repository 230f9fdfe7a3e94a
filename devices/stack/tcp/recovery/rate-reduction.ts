/**
 * Proportional rate reduction (RFC 6937 with the slow start reduction bound as Linux has it, RFC 9937): while losses are
 * repaired the window moves to the new threshold by sending in proportion to what arrives. All in bytes.
 */
export class RateReduction {
  /** The window when the reduction began; 0 while none is under way. */
  private before = 0;
  private delivered = 0;
  private sent = 0;

  get active(): boolean {
    return this.before > 0;
  }

  start(window: number): void {
    this.before = window;
    this.delivered = this.sent = 0;
  }

  end(): void {
    this.before = 0;
  }

  /** New or again, while the reduction is under way. */
  onSent(length: number): void {
    this.sent += length;
  }

  /**
   * The window after an ACK that told of `delivered` bytes, with `pipe` on their way. `progress`: SND.UNA has moved and
   * nothing more was found lost, so the path can take a segment more than what left it.
   */
  onDelivered(delivered: number, pipe: number, threshold: number, mss: number, progress: boolean): number {
    this.delivered += delivered;
    const missing = threshold - pipe;
    let more: number;
    // As Linux, in whole segments: a fraction would wait for the next ACK.
    if (missing < 0) more = Math.ceil((threshold * this.delivered) / (this.before * mss)) * mss - this.sent;
    else more = Math.min(missing, Math.max(this.delivered - this.sent, delivered) + (progress ? mss : 0));
    // What starts the recovery always goes.
    return pipe + Math.max(more, this.sent > 0 ? 0 : mss);
  }
}

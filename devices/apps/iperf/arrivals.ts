/** What a receiver of datagrams knows of those that came and of those that did not. */

/** Late ones are told from repeated ones as long as no more than so many are missing. */
const MAX_MISSING = 65_536;
/** RFC 3550 section 6.4.1: a sixteenth of each difference. */
const JITTER_GAIN = 1 / 16;

export class Arrivals {
  /** Bytes of all that came, repeated ones left out. */
  bytes = 0;
  /** Came after one that was sent later. */
  outOfOrder = 0;
  /** Milliseconds by which the time on the way varies, smoothed. */
  jitterMs = 0;
  private came = 0;
  private highest = 0;
  private readonly missing = new Set<number>();
  private transitMs: number | undefined;

  /** Up to the last that came, or that is known to have been sent. */
  get packets(): number {
    return this.highest;
  }

  get lost(): number {
    return this.highest - this.came;
  }

  /** `sequence` counts from 1. `sentMs` and `now` may be of different clocks. False: it had come before. */
  arrived(sequence: number, bytes: number, sentMs: number, now: number): boolean {
    if (sequence > this.highest) this.skipTo(sequence);
    else if (this.missing.delete(sequence)) this.outOfOrder += 1;
    else return false;
    this.came += 1;
    this.bytes += bytes;
    const transitMs = now - sentMs;
    if (this.transitMs !== undefined) {
      this.jitterMs += (Math.abs(transitMs - this.transitMs) - this.jitterMs) * JITTER_GAIN;
    }
    this.transitMs = transitMs;
    return true;
  }

  /** The sender has sent so many in all. */
  sentInAll(packets: number): void {
    this.highest = Math.max(this.highest, packets);
  }

  private skipTo(sequence: number): void {
    for (let lost = Math.max(this.highest + 1, sequence - MAX_MISSING); lost < sequence; lost++) this.missing.add(lost);
    // The oldest are first.
    for (const oldest of this.missing) {
      if (this.missing.size <= MAX_MISSING) break;
      this.missing.delete(oldest);
    }
    this.highest = sequence;
  }
}

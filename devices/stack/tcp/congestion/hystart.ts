import { hasReached } from './congestion-control.js';

/** RFC 9406 section 4.3. */
const MIN_RTT_THRESHOLD_MS = 4;
const MAX_RTT_THRESHOLD_MS = 16;
const MIN_RTT_DIVISOR = 8;
const RTT_SAMPLES = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;

/**
 * HyStart++ (RFC 9406): ends slow start before it overruns the path. When the round trip grows, a queue is filling:
 * the window goes on growing, four times slower (conservative slow start, CSS), and if the round trip does not come
 * down again within five rounds, that was the right window. Meant for the first slow start of a connection; later
 * ones know their end.
 *
 * Section 4.3 advises senders that do not pace to count at most eight segments of one ACK (L). As Linux, there is no
 * limit here: peers that merge segments answer a whole burst by one ACK, and with a limit slow start would crawl.
 */
export class HyStart {
  /** The window is found: the caller leaves slow start. */
  done = false;
  /** The round ends with the acknowledgment of this. */
  private roundEnd: number | undefined;
  private samples = 0;
  private roundMinMs = Number.POSITIVE_INFINITY;
  private lastRoundMinMs = Number.POSITIVE_INFINITY;
  /** The round trip that caused CSS; undefined in plain slow start. */
  private baselineMs: number | undefined;
  private cssRounds = 0;

  get conservative(): boolean {
    return this.baselineMs !== undefined;
  }

  /** By how much the window grows when `bytes` are acknowledged. */
  growth(bytes: number): number {
    return this.conservative ? bytes / CSS_GROWTH_DIVISOR : bytes;
  }

  /** For every ACK in slow start. */
  onAck(ack: number, sndNxt: number, rttMs: number | undefined): void {
    if (rttMs !== undefined) this.sample(rttMs);
    if (this.roundEnd === undefined) this.roundEnd = sndNxt;
    else if (hasReached(ack, this.roundEnd)) this.nextRound(sndNxt);
  }

  private sample(rttMs: number): void {
    this.samples += 1;
    this.roundMinMs = Math.min(this.roundMinMs, rttMs);
    if (this.samples < RTT_SAMPLES) return;
    if (this.baselineMs !== undefined) {
      // The queue has gone: it was a burst, not the path's end.
      if (this.roundMinMs < this.baselineMs) this.baselineMs = undefined;
    } else if (
      this.lastRoundMinMs !== Number.POSITIVE_INFINITY &&
      this.roundMinMs >= this.lastRoundMinMs + this.threshold()
    ) {
      this.baselineMs = this.roundMinMs;
      this.cssRounds = 0;
    }
  }

  private threshold(): number {
    const share = Math.min(MAX_RTT_THRESHOLD_MS, this.lastRoundMinMs / MIN_RTT_DIVISOR);
    return Math.max(MIN_RTT_THRESHOLD_MS, share);
  }

  private nextRound(sndNxt: number): void {
    this.roundEnd = sndNxt;
    this.samples = 0;
    this.lastRoundMinMs = this.roundMinMs;
    this.roundMinMs = Number.POSITIVE_INFINITY;
    if (!this.conservative) return;
    // The round in which CSS began counts, however much of it was left.
    this.cssRounds += 1;
    if (this.cssRounds >= CSS_ROUNDS) this.done = true;
  }
}

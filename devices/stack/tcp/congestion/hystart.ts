import type { Instant } from '../../clock.js';
import { hasReached } from './congestion-control.js';

/** RFC 9406 section 4.3. */
const MIN_RTT_THRESHOLD_MS = 4;
const MAX_RTT_THRESHOLD_MS = 16;
const MIN_RTT_DIVISOR = 8;
const RTT_SAMPLES = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;

/** As Linux (hystart_ack_delta_us): ACKs that follow each other more slowly are no train. */
const TRAIN_GAP_MS = 2;
/** As Linux (hystart_low_window): segments; the train of a smaller window says little. */
export const LEAST_TRAIN_SEGMENTS = 16;

/** What one ACK in slow start tells. */
export interface SlowStartAck {
  readonly now: Instant;
  readonly ack: number;
  readonly sndNxt: number;
  /** The round trip that it measured. */
  readonly rttMs: number | undefined;
}

/**
 * HyStart++ (RFC 9406): ends slow start before it overruns the path. When the round trip grows, a queue is filling:
 * the window goes on growing, four times slower (conservative slow start, CSS), and if the round trip does not come
 * down again within five rounds, that was the right window. Meant for the first slow start of a connection; later
 * ones know their end.
 *
 * Section 4.3 advises senders that do not pace to count at most eight segments of one ACK (L). As Linux, there is no
 * limit here: peers that merge segments answer a whole burst by one ACK, and with a limit slow start would crawl.
 *
 * By the time that a round trip has grown, the flight that filled the queue is long under way, and a queue that holds
 * as much as the path overflows. Linux's HyStart, the older one, looks at the ACKs of a round as a train too: they come
 * back at the pace of the path's narrowest link, so when they take more than half of the least round trip the window
 * that is being grown, twice as large, fills the path. That ends slow start here as well, without a queue.
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
  /** When the round began, and the last ACK that followed the one before it closely. */
  private roundStartedAt: Instant = 0;
  private trainAt: Instant = 0;

  get conservative(): boolean {
    return this.baselineMs !== undefined;
  }

  /** By how much the window grows when `bytes` are acknowledged. */
  growth(bytes: number): number {
    return this.conservative ? bytes / CSS_GROWTH_DIVISOR : bytes;
  }

  /** For every ACK in slow start. */
  onAck({ now, ack, sndNxt, rttMs }: SlowStartAck): void {
    // As Linux: with the first ACK of the next flight, not with the last one of this, which may be a delayed one.
    if (this.roundEnd === undefined || (ack !== this.roundEnd && hasReached(ack, this.roundEnd)))
      this.nextRound(sndNxt, now);
    if (rttMs !== undefined) this.sample(rttMs);
  }

  /** The same, with a window of {@link LEAST_TRAIN_SEGMENTS} at least. `leastRttMs`: ever measured. */
  onTrain(now: Instant, leastRttMs: number): void {
    if (now - this.trainAt > TRAIN_GAP_MS) return;
    this.trainAt = now;
    if (now - this.roundStartedAt > leastRttMs / 2) this.done = true;
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

  private nextRound(sndNxt: number, now: Instant): void {
    const first = this.roundEnd === undefined;
    this.roundEnd = sndNxt;
    this.roundStartedAt = this.trainAt = now;
    if (first) return;
    this.samples = 0;
    this.lastRoundMinMs = this.roundMinMs;
    this.roundMinMs = Number.POSITIVE_INFINITY;
    if (!this.conservative) return;
    // The round in which CSS began counts, however much of it was left.
    this.cssRounds += 1;
    if (this.cssRounds >= CSS_ROUNDS) this.done = true;
  }
}

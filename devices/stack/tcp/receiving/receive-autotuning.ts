import type { Instant } from '../../clock.js';
import { type SequenceNumber, seqAdd, seqGe } from '../control-block/seqnum.js';

/** As Linux's tcp_rmem: the largest buffer. */
export const MAX_RECEIVE_BUFFER_BYTES = 6 * 1024 * 1024;
/** What a sender may send before anything is measured (RFC 6928). */
const INITIAL_SEGMENTS = 10;
/** For segments that the program has not taken yet. */
const SPARE_SEGMENTS = 16;

/** What is expected to be taken in the first round trip, bytes. */
export function expectedSpace(mss: number, windowBytes: number): number {
  return Math.min(windowBytes, INITIAL_SEGMENTS * mss);
}

/**
 * Dynamic right-sizing of the receive window, by Linux's rules: what the program took during one round trip says how
 * much the sender can use in the next. Twice that, for a sender that doubles or repairs a loss, and twice again the
 * rate at which it grows. A program that does not read gets no larger window.
 */
export class ReceiveAutotuning {
  private readonly mss: number;
  /** 0 until measured. */
  private rttMs = 0;
  /** A measurement without timestamps: how long one window takes, which is a round trip at least. */
  private markAt: Instant | undefined;
  private markEnd: SequenceNumber = 0;
  /** The most that was taken in one round trip. */
  private most: number;
  private taken = 0;
  private takenSince: Instant;

  constructor(mss: number, windowBytes: number, now: Instant) {
    this.mss = mss;
    this.most = expectedSpace(mss, windowBytes);
    this.takenSince = now;
  }

  /** The round trip as the receiver sees it; 0 until measured. */
  get roundTripMs(): number {
    return this.rttMs;
  }

  /** The most that was taken in one round trip, bytes; until then ten segments, or a smaller window. */
  get spaceBytes(): number {
    return this.most;
  }

  /** Data came in order. `echoedMs`: how old the timestamp is that a full segment echoes. */
  arrived(now: Instant, rcvNxt: SequenceNumber, rcvWnd: number, echoedMs: number | undefined): void {
    if (echoedMs !== undefined) {
      // The clock of timestamps ticks once a millisecond.
      const sample = Math.max(1, echoedMs);
      this.rttMs = this.rttMs === 0 ? sample : this.rttMs + (sample - this.rttMs) / 8;
      return;
    }
    if (this.markAt !== undefined) {
      if (!seqGe(rcvNxt, this.markEnd)) return;
      // A sender that pauses makes it longer than it is: the least counts.
      const sample = Math.max(0.001, now - this.markAt);
      this.rttMs = this.rttMs === 0 ? sample : Math.min(this.rttMs, sample);
    }
    this.markAt = now;
    this.markEnd = seqAdd(rcvNxt, rcvWnd);
  }

  /** The program took bytes. Returns the window that it can use, once a round trip; `waiting`: bytes behind a hole. */
  took(bytes: number, now: Instant, waiting: number): number | undefined {
    this.taken += bytes;
    if (this.rttMs === 0 || now - this.takenSince < this.rttMs) return undefined;
    const { taken, most } = this;
    this.taken = 0;
    this.takenSince = now;
    if (taken <= most) return undefined;
    this.most = taken;
    const twice = 2 * taken + SPARE_SEGMENTS * this.mss;
    return Math.floor(twice + (2 * twice * (taken - most)) / most + waiting);
  }
}

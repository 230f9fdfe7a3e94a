import { type Instant, NEVER } from '../../clock.js';
import { DEFAULT_REORDER_DELAY_MS, type Impairment } from './settings.js';
import type { Transit } from './transit.js';

/** What has been sent and is under way, by the time at which it comes out; equal times in order of arrival. */
export class DelayLine {
  private queue: Transit[] = [];
  /** Packets before this index have come out. */
  private head = 0;
  /** When the last packet that keeps its order comes out: none of these may come earlier. */
  private lastInOrderAt: Instant = 0;

  get packets(): number {
    return this.queue.length - this.head;
  }

  get isEmpty(): boolean {
    return this.packets === 0;
  }

  get first(): Transit | undefined {
    return this.queue[this.head];
  }

  get nextAt(): Instant {
    return this.isEmpty ? NEVER : this.queue[this.head].at;
  }

  /** Takes a packet that has been sent at its `sentAt`. */
  add(transit: Transit, settings: Impairment): void {
    const { delayMs = 0, jitterMs = 0, reorderDelayMs = DEFAULT_REORDER_DELAY_MS, jitterReorders = false } = settings;
    const spread = jitterMs > 0 ? transit.jitter * jitterMs : 0;
    const arrivalAt = transit.sentAt + Math.max(0, delayMs + spread);
    if (transit.heldBack) {
      transit.at = arrivalAt + reorderDelayMs;
    } else if (jitterReorders) {
      transit.at = arrivalAt;
    } else {
      transit.at = Math.max(arrivalAt, this.lastInOrderAt);
      this.lastInOrderAt = transit.at;
    }
    this.insert(transit);
  }

  private insert(transit: Transit): void {
    let low = this.head;
    let high = this.queue.length;
    if (high === low || this.queue[high - 1].at <= transit.at) {
      this.queue.push(transit);
      return;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.queue[middle].at <= transit.at) low = middle + 1;
      else high = middle;
    }
    this.queue.splice(low, 0, transit);
  }

  /** Lets the first one out. */
  shift(): Transit | undefined {
    if (this.isEmpty) return undefined;
    const transit = this.queue[this.head++];
    if (this.isEmpty) {
      this.queue = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    return transit;
  }

  /**
   * Times all anew that is not due yet, as if it had been sent under the new settings. What would have been out by now is
   * due now: behind what waits for a slot, and in no slot that is over.
   */
  retime(settings: Impairment, now: Instant): void {
    const all = this.clear();
    const due = all.filter(({ at }) => at <= now);
    const later = all.filter(({ at }) => at > now);
    for (const transit of later.sort((a, b) => a.order - b.order)) this.add(transit, settings);
    for (const transit of this.queue) transit.at = Math.max(transit.at, now);
    this.queue = [...due, ...this.queue];
  }

  /** Empties the line; returns what was on it. */
  clear(): Transit[] {
    const all = this.queue.slice(this.head);
    this.queue = [];
    this.head = 0;
    this.lastInOrderAt = 0;
    return all;
  }
}

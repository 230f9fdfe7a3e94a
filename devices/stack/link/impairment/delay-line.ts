import { type Instant, NEVER } from '../../clock.js';
import { Fifo } from '../../fifo.js';
import type { Impairment } from '../../link-settings.js';
import { DEFAULT_REORDER_DELAY_MS } from './settings.js';
import type { Transit } from './transit.js';

/** What has been sent and is under way, by the time at which it comes out; equal times in order of arrival. */
export class DelayLine {
  private readonly queue = new Fifo<Transit>();
  /** When the last packet that keeps its order comes out: none of these may come earlier. */
  private lastInOrderAt: Instant = 0;

  get packets(): number {
    return this.queue.length;
  }

  get isEmpty(): boolean {
    return this.queue.length === 0;
  }

  get first(): Transit | undefined {
    return this.queue.first;
  }

  get nextAt(): Instant {
    return this.queue.first?.at ?? NEVER;
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
    this.queue.insert(transit, outAt);
  }

  /** Lets the first one out. */
  shift(): Transit | undefined {
    return this.queue.shift();
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
    const retimed = this.queue.drain();
    for (const transit of retimed) transit.at = Math.max(transit.at, now);
    for (const transit of [...due, ...retimed]) this.queue.push(transit);
  }

  /** Empties the line; returns what was on it. */
  clear(): Transit[] {
    this.lastInOrderAt = 0;
    return this.queue.drain();
  }
}

function outAt({ at }: Transit): Instant {
  return at;
}

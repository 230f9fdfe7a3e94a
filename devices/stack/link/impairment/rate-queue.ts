import { type Instant, NEVER } from '../../clock.js';
import { Fifo } from '../../fifo.js';
import type { Impairment } from '../../link-settings.js';
import { DEFAULT_QUEUE_BYTES } from './settings.js';
import type { Transit } from './transit.js';

/** Picks the next packet to be sent from the queue; drops others on the way, as it sees fit. */
export type Dequeue = (queue: RateQueue, now: Instant) => Transit | undefined;

/** Packets that wait for a line that sends so many bits a second, and the one that it is sending. */
export class RateQueue {
  /** Of the packets that wait. */
  bytes = 0;
  private readonly waiting = new Fifo<Transit>();
  private sending: Transit | undefined;
  private sendingEndsAt: Instant = NEVER;
  private rateBps = 0;

  get isEmpty(): boolean {
    return this.sending === undefined && this.packets === 0;
  }

  /** That wait. */
  get packets(): number {
    return this.waiting.length;
  }

  /** When the last bit of the packet on the line is out. */
  get nextAt(): Instant {
    return this.sendingEndsAt;
  }

  /** The bits that are still to be sent of the packet on the line go at the new rate; 0: all is sent now. */
  setRate(rateBps: number, now: Instant): void {
    if (rateBps === this.rateBps) return;
    if (this.sending !== undefined) {
      const leftMs = Math.max(0, this.sendingEndsAt - now);
      this.sendingEndsAt = now + (rateBps > 0 ? (leftMs * this.rateBps) / rateBps : 0);
    }
    this.rateBps = rateBps;
  }

  /** Which limit has no room for so many bytes more; undefined when there is room. A free line needs no queue. */
  fullFor(bytes: number, settings: Impairment, now: Instant): 'queueBytes' | 'queuePackets' | undefined {
    if (this.sending === undefined) return undefined;
    const { queuePackets, queueBytes = queuePackets === undefined ? DEFAULT_QUEUE_BYTES : undefined } = settings;
    if (queuePackets !== undefined && this.packets >= queuePackets) return 'queuePackets';
    if (queueBytes === undefined) return undefined;
    const unsent = ((this.sendingEndsAt - now) * this.rateBps) / 8000;
    return this.bytes + unsent + bytes > queueBytes ? 'queueBytes' : undefined;
  }

  push(transit: Transit): void {
    this.waiting.push(transit);
    this.bytes += transit.packet.length;
  }

  /** Takes out the one that has waited longest. */
  shift(): Transit | undefined {
    const transit = this.waiting.shift();
    if (transit !== undefined) this.bytes -= transit.packet.length;
    return transit;
  }

  /** Puts the next packet on the line, when it is free. */
  start(now: Instant, dequeue: Dequeue): void {
    if (this.sending !== undefined) return;
    const transit = dequeue(this, now);
    if (transit === undefined) return;
    this.sending = transit;
    this.sendingEndsAt = now + (this.rateBps > 0 ? (transit.packet.length * 8000) / this.rateBps : 0);
  }

  /** The packet on the line is out: takes it off, and begins with the next one. Only when {@link nextAt} has come. */
  finish(dequeue: Dequeue): Transit | undefined {
    const transit = this.sending;
    if (transit === undefined) return undefined;
    transit.sentAt = this.sendingEndsAt;
    this.sending = undefined;
    this.sendingEndsAt = NEVER;
    this.start(transit.sentAt, dequeue);
    return transit;
  }

  /** Empties the queue and the line; returns what was there. */
  clear(): Transit[] {
    const all = this.waiting.drain();
    if (this.sending !== undefined) all.unshift(this.sending);
    this.bytes = 0;
    this.sending = undefined;
    this.sendingEndsAt = NEVER;
    return all;
  }
}

export const dropTail: Dequeue = (queue) => queue.shift();

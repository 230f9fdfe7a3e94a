/**
 * What a bad line does to the frames of one direction: it loses, corrupts, doubles, slows, delays and
 * reorders them. All draws are seeded, one stream a purpose, and every frame draws in every purpose that is
 * switched on, whatever becomes of it: the fate of the n-th frame under one impairment never depends on another.
 *
 * A frame passes in this order: loss, corruption, duplication, rate, delay with jitter, holding back.
 */
import type { Instant, Timer, Timers } from '../../clock.js';
import type { Random } from '../../random.js';
import { FRAME_OFFSET } from '../../wire/ethernet.js';
import { DEFAULT_QUEUE_BYTES, DEFAULT_REORDER_DELAY_MS, type Impairment, MAX_LINE_BYTES } from './settings.js';

export interface ImpairerContext {
  readonly random: Random;
  readonly timers: Timers;
  /** Takes packets when their time has come. */
  readonly forward: (packet: Uint8Array, fault: string) => void;
  readonly drop: (packet: Uint8Array, reason: 'impairmentLoss' | 'queueFull', fault: string) => void;
}

/** A packet on the line. */
interface Transit {
  readonly packet: Uint8Array;
  /** The fault that had a hand in it; empty for most. */
  readonly fault: string;
  /** -1 … 1, scaled by the jitter. */
  readonly jitter: number;
  readonly heldBack: boolean;
  /** When its last bit has been sent, at the rate of the line. */
  sentAt: Instant;
  /** When it comes out. */
  at: Instant;
}

export class Impairer {
  settings: Impairment = {};
  private readonly context: ImpairerContext;
  private readonly timer: Timer;
  private readonly lossRandom: Random;
  private readonly corruptRandom: Random;
  private readonly bitRandom: Random;
  private readonly duplicateRandom: Random;
  private readonly jitterRandom: Random;
  private readonly reorderRandom: Random;
  /** All packets on the line by the time at which they come out; equal times in order of arrival. */
  private queue: Transit[] = [];
  /** Packets before this index have come out. */
  private head = 0;
  /** Bytes of all packets on the line. */
  private lineBytes = 0;
  private active = false;
  /** Whether the last packet fell into a burst of losses; undefined before the first one. */
  private inBurst: boolean | undefined;
  /** When the line has sent all that it was given. */
  private lineFreeAt: Instant = 0;
  /** When the last packet that was not held back comes out: none of these may come earlier. */
  private lastInOrderAt: Instant = 0;

  constructor(context: ImpairerContext) {
    this.context = context;
    this.timer = context.timers.create(() => this.release());
    const { random } = context;
    this.lossRandom = random.fork('loss');
    this.corruptRandom = random.fork('corrupt');
    this.bitRandom = random.fork('corrupt bit');
    this.duplicateRandom = random.fork('duplicate');
    this.jitterRandom = random.fork('jitter');
    this.reorderRandom = random.fork('reorder');
  }

  /** True when a packet offered now would come out at once and untouched. */
  get idle(): boolean {
    return !this.active && this.head === this.queue.length;
  }

  /** Replaces all settings; packets on the line are timed anew in the order in which they were to come out. */
  configure(settings: Impairment): void {
    this.settings = settings;
    this.active = Object.values(settings).some((value) => value !== undefined && value > 0);
    this.inBurst = undefined;
    const { now } = this.context.timers;
    const waiting = this.queue.slice(this.head);
    this.queue = [];
    this.head = 0;
    this.lineFreeAt = Math.min(this.lineFreeAt, now);
    this.lastInOrderAt = 0;
    for (const transit of waiting) {
      // What the line has sent already only waits for its delay.
      if (transit.sentAt > now) transit.sentAt = this.occupyLine(transit.packet.length);
      this.schedule(transit);
    }
    this.arm();
  }

  offer(packet: Uint8Array, fault = ''): void {
    const { loss = 0, corrupt = 0, duplicate = 0, jitterMs = 0, reorder = 0 } = this.settings;
    const lost = loss > 0 && this.lossRandom.chance(this.chanceOfLoss(loss));
    this.inBurst = lost;
    const corrupted = corrupt > 0 && this.corruptRandom.chance(corrupt);
    const doubled = duplicate > 0 && this.duplicateRandom.chance(duplicate);
    const jitter = jitterMs > 0 ? 2 * this.jitterRandom.uniform() - 1 : 0;
    const heldBack = reorder > 0 && this.reorderRandom.chance(reorder);
    if (lost) {
      this.context.drop(packet, 'impairmentLoss', fault);
      return;
    }
    const onLine = corrupted ? this.flipBit(packet) : packet;
    this.enqueue({ packet: onLine, fault, jitter, heldBack });
    if (doubled) this.enqueue({ packet: onLine, fault, jitter, heldBack });
    this.release();
  }

  /**
   * For the next packet. With bursts of mean length L a run ends with probability 1/L, and begins so often that the
   * share of all packets is `loss`; where even a gap of one packet would be too many, the runs are longer.
   */
  private chanceOfLoss(loss: number): number {
    const { lossBurst } = this.settings;
    if (lossBurst === undefined || this.inBurst === undefined) return loss;
    const stays = Math.max(1 - 1 / lossBurst, 2 - 1 / loss);
    return this.inBurst ? stays : Math.min(1, (loss * (1 - stays)) / (1 - loss));
  }

  private flipBit(packet: Uint8Array): Uint8Array {
    const damaged = packet.slice();
    const bit = this.bitRandom.below((packet.length - FRAME_OFFSET) * 8);
    damaged[FRAME_OFFSET + (bit >>> 3)] ^= 1 << (bit & 7);
    return damaged;
  }

  private enqueue(transit: Omit<Transit, 'sentAt' | 'at'>): void {
    const { packet, fault } = transit;
    if (!this.fits(packet.length)) {
      this.context.drop(packet, 'queueFull', fault);
      return;
    }
    this.lineBytes += packet.length;
    this.schedule({ ...transit, sentAt: this.occupyLine(packet.length), at: 0 });
  }

  /** Whether the queue takes so many bytes more. A free line needs no queue. */
  private fits(bytes: number): boolean {
    const { rateBps = 0, queueBytes = DEFAULT_QUEUE_BYTES } = this.settings;
    const { now } = this.context.timers;
    if (this.lineBytes + bytes > MAX_LINE_BYTES) return false;
    if (rateBps <= 0 || this.lineFreeAt <= now) return true;
    return ((this.lineFreeAt - now) * rateBps) / 8000 + bytes <= queueBytes;
  }

  /** Sends so many bytes behind all others; returns when the last bit is out. */
  private occupyLine(bytes: number): Instant {
    const { now } = this.context.timers;
    const { rateBps = 0 } = this.settings;
    if (rateBps <= 0) return now;
    this.lineFreeAt = Math.max(this.lineFreeAt, now) + (bytes * 8000) / rateBps;
    return this.lineFreeAt;
  }

  private schedule(transit: Transit): void {
    const { delayMs = 0, jitterMs = 0, reorderDelayMs = DEFAULT_REORDER_DELAY_MS } = this.settings;
    const arrivalAt = transit.sentAt + Math.max(0, delayMs + transit.jitter * jitterMs);
    if (transit.heldBack) {
      transit.at = arrivalAt + reorderDelayMs;
    } else {
      transit.at = Math.max(arrivalAt, this.lastInOrderAt);
      this.lastInOrderAt = transit.at;
    }
    // Only packets that were held back can be later than a new one: the search is short.
    let index = this.queue.length;
    while (index > this.head && this.queue[index - 1].at > transit.at) index -= 1;
    this.queue.splice(index, 0, transit);
  }

  /** Lets out what is due. */
  private release(): void {
    const { now } = this.context.timers;
    while (this.head < this.queue.length && this.queue[this.head].at <= now) {
      const { packet, fault } = this.queue[this.head];
      this.head += 1;
      this.lineBytes -= packet.length;
      this.context.forward(packet, fault);
    }
    if (this.head === this.queue.length) {
      this.queue.length = 0;
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    this.arm();
  }

  private arm(): void {
    if (this.head < this.queue.length) this.timer.set(this.queue[this.head].at);
    else this.timer.clear();
  }
}

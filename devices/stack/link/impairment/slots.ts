import type { Instant } from '../../clock.js';
import type { Impairment } from '../../link-settings.js';
import type { Random } from '../../random.js';

/** Slots that follow closer could not be told apart. */
const MIN_SLOT_MS = 0.001;

/**
 * Moments at which frames may leave, as on radio links whose medium is granted in turns. They go on whether somebody uses
 * them or not; those that nobody used count as exactly `slotMs` apart. (tc-netem's slots begin anew after a rest: the first
 * frame waits for a whole one.)
 */
export class Slots {
  private readonly random: Random;
  /** The slot that is open, was last, or comes next; undefined before the first one. */
  private at: Instant | undefined;
  /** What has left in it. */
  private packets = 0;
  private bytes = 0;

  constructor(random: Random) {
    this.random = random.fork('slots');
  }

  /** The first slot is now, unless they have begun already. With shorter distances the next one does not stay far away. */
  begin(now: Instant, { slotMs = 0, slotJitterMs = 0 }: Impairment): void {
    this.at ??= now;
    if (this.at <= now + Math.max(MIN_SLOT_MS, slotMs) + slotJitterMs) return;
    this.at = now + slotMs;
    this.packets = 0;
    this.bytes = 0;
  }

  /** When a packet of this length that has been ready since `readyAt` leaves. It is to be told when it does: {@link use}. */
  leavesAt(readyAt: Instant, length: number, settings: Impairment): Instant {
    let at = this.at ?? readyAt;
    while (at < readyAt || !this.hasRoom(length, settings)) at = this.next(at, readyAt, settings);
    this.at = at;
    return at;
  }

  /** A slot's first packet always fits. */
  private hasRoom(length: number, { slotPackets, slotBytes }: Impairment): boolean {
    if (this.packets === 0) return true;
    if (slotPackets !== undefined && this.packets >= slotPackets) return false;
    return slotBytes === undefined || this.bytes + length <= slotBytes;
  }

  private next(at: Instant, readyAt: Instant, { slotMs = 0, slotJitterMs = 0 }: Impairment): Instant {
    const distance = Math.max(MIN_SLOT_MS, slotMs);
    const unused = Math.max(0, Math.ceil((readyAt - at) / distance) - 1);
    const jitter = slotJitterMs > 0 ? slotJitterMs * (2 * this.random.uniform() - 1) : 0;
    this.packets = 0;
    this.bytes = 0;
    return at + unused * distance + Math.max(MIN_SLOT_MS, distance + jitter);
  }

  use(length: number): void {
    this.packets += 1;
    this.bytes += length;
  }
}

import { Timers } from '../../../../devices/stack/clock.js';
import { Impairer } from '../../../../devices/stack/link/impairment/impairer.js';
import type { Impairment } from '../../../../devices/stack/link-settings.js';
import { Random } from '../../../../devices/stack/random.js';
import { crc32 } from '../../../../devices/stack/wire/fcs.js';

export const PACKET_LENGTH = 100;

/** A line whose packets are numbered from 0, and what came out of it when. */
export class Line {
  readonly timers = new Timers();
  readonly out: { n: number; at: number; packet: Uint8Array; fault: string }[] = [];
  readonly dropped: [number, string][] = [];
  /** Number and mark of what a fault has dropped. */
  readonly marked: [number, string][] = [];
  readonly impairer: Impairer;
  private offered = 0;

  constructor(settings: Impairment, seed = 'line') {
    this.impairer = new Impairer({
      random: new Random(seed),
      timers: this.timers,
      crc32,
      forward: (packet, fault) => this.out.push({ n: numberOf(packet), at: this.timers.now, packet, fault }),
      drop: (packet, reason, fault) => {
        this.dropped.push([numberOf(packet), reason]);
        if (fault !== '') this.marked.push([numberOf(packet), fault]);
      },
    });
    this.impairer.configure(settings);
  }

  offer(count = 1, everyMs = 0): this {
    for (let i = 0; i < count; i++) {
      const packet = new Uint8Array(PACKET_LENGTH);
      new DataView(packet.buffer).setUint32(0, this.offered++);
      this.impairer.offer(packet);
      if (everyMs > 0) this.advance(this.timers.now + everyMs);
    }
    return this;
  }

  /** Every deadline on time. */
  advance(until: number): this {
    while (this.timers.nextAt() <= until) this.timers.advance(this.timers.nextAt());
    this.timers.advance(until);
    return this;
  }

  drain(): this {
    return this.advance(this.timers.now + 1e7);
  }

  /** Whether each of the packets from the given one on came out, as dots and crosses. */
  fates(from = 0): string {
    const out = new Set(this.numbers);
    return Array.from({ length: this.offered - from }, (_, i) => (out.has(from + i) ? '.' : 'x')).join('');
  }

  get lost(): number[] {
    return this.dropped.map(([n]) => n);
  }

  /** `number@time` of all that came out so far. */
  get story(): string[] {
    return this.out.map(({ n, at }) => `${n}@${at}`);
  }

  get numbers(): number[] {
    return this.out.map(({ n }) => n);
  }
}

/** The number stands in the first four bytes, in front of what corruption touches. */
export function numberOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(0);
}

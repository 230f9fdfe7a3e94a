/**
 * The identification field of IPv4 (RFC 791 section 3.2, RFC 6864), as Linux fills it in: a counter for each pair of
 * addresses and protocol, in a table of limited size, so that nobody learns from his own packets how many others get
 * (RFC 7739). Packets that are never fragmented need none.
 */
import type { Instant, Timers } from '../clock.js';
import type { Random } from '../random.js';
import type { Ipv4Address } from '../wire/address.js';

const BUCKETS = 2048;
/** While a counter rests it goes on by chance, by less than one step in this time: a tick of Linux. */
const TICK_MS = 4;

export class Identifications {
  private readonly timers: Timers;
  private readonly random: Random;
  private readonly key: number;
  private readonly counters = new Uint16Array(BUCKETS);
  private readonly usedAt = new Float64Array(BUCKETS).fill(-1);

  constructor(timers: Timers, random: Random) {
    this.timers = timers;
    this.random = random;
    this.key = random.below(0x100000000);
  }

  /** 0 … 65535 for a packet that may be fragmented. */
  next(src: Ipv4Address, dst: Ipv4Address, protocol: number): number {
    const bucket = this.bucketOf(src, dst, protocol);
    const now: Instant = this.timers.now;
    const usedAt = this.usedAt[bucket];
    if (usedAt < 0) {
      this.counters[bucket] = this.random.below(0x10000);
    } else {
      const ticks = Math.floor((now - usedAt) / TICK_MS);
      this.counters[bucket] += 1 + (ticks > 0 ? this.random.below(Math.min(ticks, 0x10000)) : 0);
    }
    this.usedAt[bucket] = now;
    return this.counters[bucket];
  }

  private bucketOf(src: Ipv4Address, dst: Ipv4Address, protocol: number): number {
    let hash = this.key;
    for (const word of [src, dst, protocol]) {
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return (hash >>> 0) % BUCKETS;
  }
}

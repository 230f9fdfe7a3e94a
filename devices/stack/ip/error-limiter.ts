/**
 * How many ICMP errors a machine sends (RFC 1812 section 4.3.2.8), as Linux limits them: a bucket for each
 * destination (icmp_ratelimit: one a second, six in a burst) and one for the machine (icmp_msgs_per_sec 1000,
 * icmp_msgs_burst 50).
 */
import type { Instant, Timers } from '../clock.js';
import type { Ipv4Address } from '../wire/address.js';

const PER_DESTINATION = { tokensPerSecond: 1, burst: 6 };
const PER_MACHINE = { tokensPerSecond: 1000, burst: 50 };
const MAX_DESTINATIONS = 1024;

interface Rate {
  readonly tokensPerSecond: number;
  readonly burst: number;
}

/** Fills by the second up to its burst; starts full. */
class TokenBucket {
  private readonly rate: Rate;
  private tokens: number;
  private filledAt: Instant;

  constructor(rate: Rate, now: Instant) {
    this.rate = rate;
    this.tokens = rate.burst;
    this.filledAt = now;
  }

  has(now: Instant): boolean {
    const filled = this.tokens + ((now - this.filledAt) / 1000) * this.rate.tokensPerSecond;
    this.tokens = Math.min(this.rate.burst, filled);
    this.filledAt = now;
    return this.tokens >= 1;
  }

  take(): void {
    this.tokens -= 1;
  }
}

export class ErrorLimiter {
  private readonly timers: Timers;
  private readonly machine: TokenBucket;
  /** Least recently used first. */
  private readonly destinations = new Map<Ipv4Address, TokenBucket>();

  constructor(timers: Timers) {
    this.timers = timers;
    this.machine = new TokenBucket(PER_MACHINE, timers.now);
  }

  /** Whether one more error may go to this destination now; counts it when it may. */
  allow(dst: Ipv4Address): boolean {
    const { now } = this.timers;
    const bucket = this.bucketOf(dst);
    if (!bucket.has(now) || !this.machine.has(now)) return false;
    bucket.take();
    this.machine.take();
    return true;
  }

  private bucketOf(dst: Ipv4Address): TokenBucket {
    const bucket = this.destinations.get(dst) ?? new TokenBucket(PER_DESTINATION, this.timers.now);
    this.destinations.delete(dst);
    this.destinations.set(dst, bucket);
    if (this.destinations.size > MAX_DESTINATIONS) {
      const [oldest] = this.destinations.keys();
      this.destinations.delete(oldest);
    }
    return bucket;
  }
}

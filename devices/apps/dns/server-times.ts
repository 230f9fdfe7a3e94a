/**
 * How long servers took to answer, smoothed, so that of several the fastest is asked (RFC 1034 section 5.3.3 step 3; the
 * figures are those of BIND). One that was never asked comes first, and what is known of the others fades: so each of
 * them is tried again now and then, a slow or a dead one too.
 */
import type { Instant } from '../../stack/clock.js';
import type { Random } from '../../stack/random.js';

/** Of a new time, 3 parts in 10 count. */
const WEIGHT_OF_NEW = 0.3;
/** What is left of an estimate after a second in which nothing was heard of the server. */
const FADING_A_SECOND = 0.98;
/** A server that does not answer counts as at least so slow, and each time as twice as slow as before. */
const SILENT_MS = 1_000;
const MAX_MS = 60_000;
export const MAX_TIMED_SERVERS = 1_000;

interface Estimate {
  readonly ms: number;
  readonly at: Instant;
  /** Of answers; else of silence, or of nothing. */
  readonly isMeasured: boolean;
}

export class ServerTimes {
  private readonly now: () => Instant;
  private readonly random: Random | undefined;
  /** By address; in the order in which they were last heard of. */
  private readonly estimates = new Map<string, Estimate>();

  /** Without `random`, servers that are not known keep their order. */
  constructor(now: () => Instant, random?: Random) {
    this.now = now;
    this.random = random;
  }

  /** Milliseconds after which an answer is expected; next to nothing, and by chance, for a server that is not known. */
  expected(address: string): number {
    const estimate = this.estimates.get(address);
    if (estimate === undefined) {
      const ms = (this.random?.uniform() ?? 0) / 1000;
      this.store(address, ms, false);
      return ms;
    }
    return estimate.ms * FADING_A_SECOND ** ((this.now() - estimate.at) / 1000);
  }

  /** The fastest first. */
  order(addresses: readonly string[]): string[] {
    const expected = new Map(addresses.map((address) => [address, this.expected(address)]));
    return [...addresses].sort((a, b) => (expected.get(a) ?? 0) - (expected.get(b) ?? 0));
  }

  answered(address: string, ms: number): void {
    const known = this.estimates.get(address);
    this.store(address, known?.isMeasured ? known.ms * (1 - WEIGHT_OF_NEW) + ms * WEIGHT_OF_NEW : ms, true);
  }

  silent(address: string): void {
    this.store(address, Math.min(Math.max(2 * this.expected(address), SILENT_MS), MAX_MS), false);
  }

  private store(address: string, ms: number, isMeasured: boolean): void {
    this.estimates.delete(address);
    this.estimates.set(address, { ms, at: this.now(), isMeasured });
    if (this.estimates.size <= MAX_TIMED_SERVERS) return;
    const [oldest] = this.estimates.keys();
    this.estimates.delete(oldest);
  }
}

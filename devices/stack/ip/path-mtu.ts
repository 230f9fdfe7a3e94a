/** What "fragmentation needed" messages taught about the way to a destination (RFC 1191). */
import type { Instant, Timers } from '../clock.js';
import type { Ipv4Address } from '../wire/address.js';

/** RFC 1191 section 6.3; Linux's mtu_expires. Afterwards the whole MTU of the link is tried again. */
export const PATH_MTU_LIFETIME_MS = 600_000;
/** RFC 791: every link carries packets of this size. */
export const MIN_PATH_MTU = 68;
const MAX_DESTINATIONS = 1024;
/** RFC 1191 section 7: what links have; for old routers that do not tell the MTU of theirs. */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, MIN_PATH_MTU];

interface Learned {
  readonly mtu: number;
  readonly expiresAt: Instant;
}

export class PathMtus {
  private readonly timers: Timers;
  /** Longest known first. */
  private readonly learned = new Map<Ipv4Address, Learned>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Bytes of a whole IPv4 packet; undefined when nothing was learned, or too long ago. */
  get(dst: Ipv4Address): number | undefined {
    const known = this.learned.get(dst);
    if (known === undefined) return undefined;
    if (this.timers.now < known.expiresAt) return known.mtu;
    this.learned.delete(dst);
    return undefined;
  }

  /**
   * A router could not pass on a packet of `packetLength` bytes; `nextHopMtu` is what it told, 0 for nothing. The MTU
   * that follows from it: for {@link learn}, once the error is believed.
   */
  estimate(dst: Ipv4Address, nextHopMtu: number, packetLength: number): number {
    const told = nextHopMtu > 0 && nextHopMtu < packetLength;
    const guess = told ? nextHopMtu : (PLATEAUS.find((plateau) => plateau < packetLength) ?? MIN_PATH_MTU);
    // A message can only lower the MTU (RFC 1191 section 3), whatever it says.
    return Math.max(MIN_PATH_MTU, Math.min(guess, this.get(dst) ?? guess));
  }

  learn(dst: Ipv4Address, mtu: number): void {
    this.learned.delete(dst);
    this.learned.set(dst, { mtu, expiresAt: this.timers.now + PATH_MTU_LIFETIME_MS });
    if (this.learned.size > MAX_DESTINATIONS) {
      const [oldest] = this.learned.keys();
      this.learned.delete(oldest);
    }
  }
}

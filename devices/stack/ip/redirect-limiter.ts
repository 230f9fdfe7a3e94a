/**
 * How often a host is told of a better way (RFC 1812 section 5.2.7.2), as Linux does: at once, then each time after twice
 * as long, and no more after the ninth until it has been silent for 20 s.
 */
import type { Instant, Timers } from '../clock.js';
import type { Ipv4Address } from '../wire/address.js';

const FIRST_PAUSE_MS = 20;
const MOST_REDIRECTS = 9;
const SILENCE_MS = FIRST_PAUSE_MS * 2 ** (MOST_REDIRECTS + 1);
const MAX_HOSTS = 1024;

interface Told {
  readonly times: number;
  readonly lastAt: Instant;
}

export class RedirectLimiter {
  private readonly timers: Timers;
  /** Longest untold first. */
  private readonly hosts = new Map<Ipv4Address, Told>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Whether that host may be told now; counts it when it may. */
  allow(host: Ipv4Address): boolean {
    const { now } = this.timers;
    const known = this.hosts.get(host);
    const { times, lastAt } = known !== undefined && now - known.lastAt <= SILENCE_MS ? known : { times: 0, lastAt: 0 };
    const deaf = times >= MOST_REDIRECTS;
    if (!deaf && times > 0 && now - lastAt <= FIRST_PAUSE_MS * 2 ** times) return false;
    this.hosts.delete(host);
    // Who does not listen is left alone until it stops asking: each packet of it starts the silence anew.
    this.hosts.set(host, { times: deaf ? times : times + 1, lastAt: now });
    if (this.hosts.size > MAX_HOSTS) {
      const [oldest] = this.hosts.keys();
      this.hosts.delete(oldest);
    }
    return !deaf;
  }
}

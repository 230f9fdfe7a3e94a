import type { Random } from '../random.js';
import type { Ipv4Address } from '../wire/address.js';
import type { Endpoint } from './control-block/types.js';
import { KeyedHash } from './keyed-hash.js';

/** Linux's `ip_local_port_range`; within RFC 6335's private range for the most part. */
export const EPHEMERAL_FIRST = 32768;
export const EPHEMERAL_LAST = 60999;
const EPHEMERAL_COUNT = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;

/**
 * RFC 6056 section 3.3.3 (algorithm 3): the start for one destination is a keyed hash, from there ports are
 * taken in turn. Hard to guess from outside, and the reuse of a port towards one server is as late as possible.
 */
export class EphemeralPorts {
  private readonly f: KeyedHash;
  private next = 0;

  constructor(random: Random) {
    this.f = new KeyedHash(random.uint32(), random.uint32());
  }

  /** A port for which `inUse` says no; undefined when all {@link EPHEMERAL_COUNT} are taken. */
  choose(local: Ipv4Address, remote: Endpoint, inUse: (port: number) => boolean): number | undefined {
    const offset = this.f.hash([local, remote.address, remote.port]) % EPHEMERAL_COUNT;
    for (let tries = 0; tries < EPHEMERAL_COUNT; tries++) {
      const port = EPHEMERAL_FIRST + ((offset + this.next) % EPHEMERAL_COUNT);
      this.next = (this.next + 1) % EPHEMERAL_COUNT;
      if (!inUse(port)) return port;
    }
    return undefined;
  }
}

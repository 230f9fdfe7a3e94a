import type { Instant } from '../clock.js';
import type { Random } from '../random.js';
import type { SequenceNumber } from './control-block/seqnum.js';
import type { Endpoint } from './control-block/types.js';
import { KeyedHash } from './keyed-hash.js';

/** RFC 9293 section 3.4.1: the timer M advances every 4 microseconds. */
const TICKS_PER_MS = 250;

/**
 * RFC 6528: ISN = M + F(local, remote, secret). Numbers of one pair of endpoints rise with time, so that old
 * segments are recognised; those of different pairs tell nothing about each other.
 */
export class InitialSequence {
  private readonly f: KeyedHash;

  constructor(random: Random) {
    this.f = new KeyedHash(random.uint32(), random.uint32());
  }

  next(local: Endpoint, remote: Endpoint, now: Instant): SequenceNumber {
    const m = Math.floor(now * TICKS_PER_MS) % 0x100000000;
    const f = this.f.hash([local.address, remote.address, local.port * 0x10000 + remote.port]);
    return (m + f) >>> 0;
  }
}

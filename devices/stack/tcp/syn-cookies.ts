import type { Instant } from '../clock.js';
import type { Random } from '../random.js';
import type { TcpOptions } from '../wire/tcp.js';
import { type SequenceNumber, seqAdd } from './control-block/seqnum.js';
import type { Endpoint } from './control-block/types.js';
import { KeyedHash } from './keyed-hash.js';

/** How long a cookie is good for: one to two of these. */
const MINUTE_MS = 60_000;
const MAX_AGE_MINUTES = 2;
/** The high byte tells the minute, the rest the MSS under a hash. */
const DATA_BITS = 24;
const DATA_MASK = 2 ** DATA_BITS - 1;
/** As Linux: what the paths of the internet come down to. A cookie names the largest that the peer takes. */
const MSS_TABLE = [536, 1300, 1440, 1460];

/**
 * SYN cookies (RFC 4987 section 3.6), in Linux's layout: the initial sequence number of a SYN-ACK that says by
 * itself which SYN it answers and when, so that nothing has to be kept until the peer's ACK brings it back.
 */
export class SynCookies {
  private readonly place: KeyedHash;
  private readonly time: KeyedHash;

  constructor(random: Random) {
    this.place = new KeyedHash(random.uint32(), random.uint32());
    this.time = new KeyedHash(random.uint32(), random.uint32());
  }

  /** ISS for the answer to a SYN with number `irs` that announced `mss`. */
  issue(local: Endpoint, remote: Endpoint, irs: SequenceNumber, mss: number, now: Instant): SequenceNumber {
    const minute = minuteAt(now);
    const index = Math.max(
      0,
      MSS_TABLE.findLastIndex((entry) => entry <= mss),
    );
    const hidden = (this.hashOf(this.time, local, remote, minute) + index) & DATA_MASK;
    return seqAdd(seqAdd(this.hashOf(this.place, local, remote, 0), irs), (minute << DATA_BITS) + hidden);
  }

  /** The MSS that the cookie stands for; undefined when it is none of ours, or too old. */
  check(local: Endpoint, remote: Endpoint, irs: SequenceNumber, cookie: SequenceNumber, now: Instant) {
    const rest = seqAdd(seqAdd(cookie, -this.hashOf(this.place, local, remote, 0)), -irs);
    const age = (minuteAt(now) - (rest >>> DATA_BITS)) & 0xff;
    if (age >= MAX_AGE_MINUTES) return undefined;
    const index = (rest - this.hashOf(this.time, local, remote, minuteAt(now) - age)) & DATA_MASK;
    return MSS_TABLE[index];
  }

  private hashOf(f: KeyedHash, local: Endpoint, remote: Endpoint, minute: number): number {
    return f.hash([local.address, remote.address, local.port * 0x10000 + remote.port, minute]);
  }
}

function minuteAt(now: Instant): number {
  return Math.floor(now / MINUTE_MS);
}

/** The lowest bits of the SYN-ACK's timestamp, which the peer echoes: what else its SYN asked for. As Linux. */
const OPTION_BITS = 6;
const SCALE_MASK = 0x0f;
const NO_SCALE = SCALE_MASK;
const SACK_BIT = 0x10;
const ECN_BIT = 0x20;

/** What of a SYN a timestamp can bring back. */
export type EchoedOptions = Pick<TcpOptions, 'windowScale' | 'sackPermitted'> & { readonly ecn: boolean };

/** The latest timestamp not after `timestamp` that says so: at most 64 ms back. */
export function timestampWithOptions(timestamp: number, options: EchoedOptions): number {
  const bits = (options.windowScale ?? NO_SCALE) | (options.sackPermitted ? SACK_BIT : 0) | (options.ecn ? ECN_BIT : 0);
  const unit = 2 ** OPTION_BITS;
  const encoded = timestamp - (timestamp % unit) + bits;
  return (encoded > timestamp ? encoded - unit : encoded) >>> 0;
}

export function optionsOfEcho(echo: number): EchoedOptions {
  const scale = echo & SCALE_MASK;
  return {
    ...(scale === NO_SCALE ? {} : { windowScale: scale }),
    ...(echo & SACK_BIT ? { sackPermitted: true } : {}),
    ecn: (echo & ECN_BIT) !== 0,
  };
}

/**
 * Cookies by which a client sees that an answer is of the server that it asked (RFC 7873, in the form of RFC 9018).
 * A server here gives one to everybody who brings one of its own, and asks nobody for it.
 *
 * ```
 *  | client's cookie 8 | version 1 | zero 3 | seconds since 1970 4 | keyed hash of all this and the client's address 8 |
 * ```
 *
 * The hash is HalfSipHash with two keys, where RFC 9018 has SipHash: no other server has to know ours.
 */
import type { Random } from '../../stack/random.js';
import { KeyedHash } from '../../stack/tcp/keyed-hash.js';
import { parseIpv4 } from '../../stack/wire/address.js';
import { readU32, writeU32 } from '../../stack/wire/bytes.js';
import type { EdnsOption } from '../../stack/wire/edns.js';

const VERSION = 0x01000000;

export class ServerCookies {
  private readonly hashes: readonly KeyedHash[];

  constructor(random: Random) {
    this.hashes = [0, 1].map(() => new KeyedHash(random.uint32(), random.uint32()));
  }

  /** Both cookies. `address`: the client's, dotted. */
  option(client: Uint8Array, address: string, wallClockMs: number): EdnsOption {
    const seconds = Math.floor(wallClockMs / 1000) >>> 0;
    const words = [readU32(client, 0), readU32(client, 4), VERSION, seconds, parseIpv4(address) ?? 0];
    const server = new Uint8Array(16);
    [VERSION, seconds, ...this.hashes.map((hash) => hash.hash(words))].forEach((word, index) => {
      writeU32(server, 4 * index, word);
    });
    return { kind: 'cookie', client, server };
  }
}

/** What a server does about EDNS (RFC 6891 sections 6.2 and 7): an OPT record is answered by one, and only by one. */
import type { Network } from '../../net/network.js';
import type { Random } from '../../stack/random.js';
import {
  type DnsMessage,
  dnsResponse,
  MAX_TCP_MESSAGE,
  MAX_UDP_MESSAGE,
  RCODE_BADVERS,
  RCODE_SERVFAIL,
} from '../../stack/wire/dns.js';
import { EDNS_UDP_SIZE, EDNS_VERSION, type EdnsOption, edns, ednsOption } from '../../stack/wire/edns.js';
import type { DnsAsker } from './listener.js';
import { ServerCookies } from './server-cookies.js';

export interface EdnsAnswererOptions {
  /** What NSID tells (RFC 5001); without it that option is not answered. */
  readonly identity?: string;
  /** For the secret of the cookies; without it no cookie is given. */
  readonly random?: Random;
  /** How long idle TCP connections are kept (RFC 7828). */
  readonly idleMs: number;
}

export class EdnsAnswerer {
  private readonly network: Network;
  private readonly identity: Uint8Array | undefined;
  private readonly cookies: ServerCookies | undefined;
  private readonly idleMs: number;

  constructor(network: Network, { identity, random, idleMs }: EdnsAnswererOptions) {
    this.network = network;
    this.identity = identity === undefined ? undefined : new TextEncoder().encode(identity);
    this.cookies = random && new ServerCookies(random.fork('cookies'));
    this.idleMs = idleMs;
  }

  /** Section 6.1.3: the answer to a version that is not ours. */
  refusal(query: DnsMessage): DnsMessage | undefined {
    if (query.edns === undefined || query.edns.version === EDNS_VERSION) return undefined;
    return dnsResponse(query, { rcode: RCODE_BADVERS });
  }

  /** Bytes that the answer may have. */
  limit(query: DnsMessage, { transport }: DnsAsker): number {
    if (transport === 'tcp') return MAX_TCP_MESSAGE;
    return Math.min(Math.max(query.edns?.udpSize ?? 0, MAX_UDP_MESSAGE), EDNS_UDP_SIZE);
  }

  /** The answer with the OPT record that it ought to have; options that it has are kept. */
  complete(answer: DnsMessage, query: DnsMessage, asker: DnsAsker): DnsMessage {
    if (query.edns === undefined) {
      return { ...answer, edns: undefined, rcode: answer.rcode > 15 ? RCODE_SERVFAIL : answer.rcode };
    }
    const options = [...this.optionsFor(query, asker), ...(answer.edns?.options ?? [])];
    return { ...answer, edns: edns({ dnssecOk: query.edns.dnssecOk, options }) };
  }

  private optionsFor(query: DnsMessage, { address, transport }: DnsAsker): EdnsOption[] {
    const options: EdnsOption[] = [];
    if (this.identity !== undefined && ednsOption(query, 'nsid')) options.push({ kind: 'nsid', id: this.identity });
    const cookie = ednsOption(query, 'cookie');
    if (cookie !== undefined && this.cookies !== undefined) {
      options.push(this.cookies.option(cookie.client, address, this.network.wallClock()));
    }
    if (transport === 'tcp' && ednsOption(query, 'tcp-keepalive')) {
      options.push({ kind: 'tcp-keepalive', timeoutMs: this.idleMs });
    }
    return options;
  }
}

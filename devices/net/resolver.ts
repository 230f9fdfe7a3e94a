/**
 * The operating system's resolver (RFC 1034 section 5.3.1: a stub): names to addresses. It asks, in this order, its
 * cache, the hosts file, and the configured servers, one after the other and again from the first, as `resolv.conf`
 * says: 5 s for each question, 2 rounds.
 */
import type { LookupFunction } from 'node:net';
import type { ResolverConfig } from '../control/config.js';
import type { DnsCacheRow } from '../control/tables.js';
import type { Random } from '../stack/random.js';
import type { Tracer } from '../stack/trace.js';
import { formatIpv4, parseIpv4 } from '../stack/wire/address.js';
import { canonicalName, nameFromText } from '../stack/wire/dns-name.js';
import type { QuestionType, ResourceRecord } from '../stack/wire/dns-record.js';
import { type CacheFinding, DnsCache } from './dns-cache.js';
import { DnsExchange } from './dns-exchange.js';
import { addressesIn, findingOf, rememberAnswer } from './dns-finding.js';
import { answerKind, askCache } from './dns-trace.js';
import type { Network } from './network.js';
import { SharedQuestions } from './shared-questions.js';

/** Where a result came from: `literal` was an address already, `network` is the answer of a server. */
export type ResolutionSource = 'literal' | 'os' | 'hosts' | 'network';

export interface Resolution {
  /** As it was asked for. */
  readonly name: string;
  /** The name that has the addresses: after search domain and aliases. */
  readonly canonicalName: string;
  /** Dotted, at least one, in the order of the answer. */
  readonly addresses: readonly string[];
  readonly source: ResolutionSource;
  /** The answer with what is left of its TTLs, for a cache in front of this one; none from a hosts file. */
  readonly records: readonly ResourceRecord[];
}

/**
 * As Node's `dns.lookup` fails: `ENOTFOUND`: there is no such name, or it has no address; `EAI_AGAIN`: no server gave
 * an answer (no server known, time out, failure reported by the servers). `cause` says what happened last.
 */
export class NameError extends Error {
  readonly code: 'ENOTFOUND' | 'EAI_AGAIN';
  /** libuv's number. */
  readonly errno: number;
  readonly syscall = 'getaddrinfo';
  readonly hostname: string;

  constructor(code: 'ENOTFOUND' | 'EAI_AGAIN', hostname: string, reason: string) {
    super(`getaddrinfo ${code} ${hostname}`, { cause: new Error(reason) });
    this.name = 'Error';
    this.code = code;
    this.errno = code === 'ENOTFOUND' ? -3008 : -3001;
    this.hostname = hostname;
  }
}

export interface ResolverEnvironment {
  readonly random: Random;
  readonly tracer: Tracer;
}

export interface ResolverTiming {
  /** For each question; default 5000 ms. */
  readonly timeoutMs?: number;
  /** Rounds through the servers; default 2. */
  readonly attempts?: number;
}

export class Resolver {
  readonly cache: DnsCache;
  private servers: readonly string[];
  private searchDomain: string | undefined;
  /** Canonical name → addresses. */
  private readonly hosts = new Map<string, readonly string[]>([['localhost', ['127.0.0.1']]]);
  private readonly exchange: DnsExchange;
  private readonly tracer: Tracer;
  private readonly timeoutMs: number;
  private readonly attempts: number;
  private readonly pending = new SharedQuestions<CacheFinding>();

  constructor(network: Network, config: ResolverConfig, environment: ResolverEnvironment, timing: ResolverTiming = {}) {
    this.tracer = environment.tracer;
    this.servers = config.servers ?? [];
    this.searchDomain = domainOf(config.domain);
    for (const [name, addresses] of Object.entries(config.hosts ?? {})) this.hosts.set(hostKey(name), addresses);
    this.cache = new DnsCache({ cache: 'os', now: () => network.now() });
    const random = environment.random.fork('resolver');
    this.exchange = new DnsExchange(network, { random, tracer: this.tracer, program: 'resolver' });
    this.timeoutMs = timing.timeoutMs ?? 5000;
    this.attempts = timing.attempts ?? 2;
  }

  /** Dotted addresses, in the order in which they are asked. */
  get nameServers(): readonly string[] {
    return this.servers;
  }

  /** Appended to names without a dot. */
  get domain(): string | undefined {
    return this.searchDomain;
  }

  /** What DHCP has told; what is left out stays as it is. */
  configure(config: { readonly servers?: readonly string[]; readonly domain?: string }): void {
    if (config.servers !== undefined) this.servers = config.servers;
    if (config.domain !== undefined) this.searchDomain = domainOf(config.domain);
  }

  /** Addresses of a host name, or of an address as it is. Rejects with {@link NameError}. */
  async resolve(name: string): Promise<Resolution> {
    const literal = parseIpv4(name);
    if (literal !== undefined) {
      return { name, canonicalName: name, addresses: [formatIpv4(literal)], source: 'literal', records: [] };
    }
    let last: CacheFinding | undefined;
    for (const candidate of this.candidates(name)) {
      const cached = askCache(this.cache, candidate, 'A', this.tracer);
      if (cached?.kind === 'answer') return resolution(name, candidate, cached, 'os');
      // What the cache knows not to exist ends the search, as what it knows to exist does.
      const listed = cached === undefined ? this.askHosts(candidate) : undefined;
      if (listed !== undefined) {
        return { name, canonicalName: candidate, addresses: listed, source: 'hosts', records: [] };
      }
      last = cached ?? (await this.askServers(candidate, 'A', name));
      if (last.kind === 'answer') return resolution(name, candidate, last, 'network');
    }
    const reason = last?.kind === 'nodata' ? 'the name has no address' : 'no such name';
    throw new NameError('ENOTFOUND', name, last === undefined ? 'not a domain name' : reason);
  }

  /** The name of an address: hosts file, cache, then PTR; undefined when it has none or nobody answers. */
  async reverse(address: string): Promise<string | undefined> {
    for (const [name, addresses] of this.hosts) if (addresses.includes(address)) return name;
    const name = reverseName(address);
    if (name === undefined) return undefined;
    try {
      const found = askCache(this.cache, name, 'PTR', this.tracer) ?? (await this.askServers(name, 'PTR', address));
      const pointer = found.records.find((record) => record.type === 'PTR');
      return pointer?.type === 'PTR' ? pointer.target : undefined;
    } catch (error) {
      if (error instanceof NameError) return undefined;
      throw error;
    }
  }

  /** For Node's `lookup` options (`net.connect`, `http.Agent`): `dns.lookup`'s arguments and results. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname).then(
      ({ addresses }) => {
        if (options.all)
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        else callback(null, addresses[0], 4);
      },
      (error: NodeJS.ErrnoException) => callback(error, options.all ? [] : '', 4),
    );
  };

  /** For `inspect`: the hosts file, then the cache. */
  rows(): DnsCacheRow[] {
    const hosts = [...this.hosts].flatMap(([name, addresses]) =>
      addresses.map((data) => ({ cache: 'hosts' as const, name, type: 'A', data, ttlSeconds: -1 })),
    );
    return [...hosts, ...this.cache.rows()];
  }

  /**
   * The names that stand for what a user wrote, in the order in which they are tried: without a dot first in the search
   * domain; with a final dot as it is. None when it is no domain name.
   */
  candidates(name: string): string[] {
    const plain = nameFromText(name);
    if (plain === undefined) return [];
    if (name.includes('.') || this.searchDomain === undefined) return [plain];
    const qualified = nameFromText(`${plain}.${this.searchDomain}`);
    // The hosts file lists names without a dot as they are: it must not lose against a question to the network.
    if (qualified === undefined || this.hosts.has(hostKey(plain))) return [plain];
    return [qualified, plain];
  }

  private askHosts(name: string): readonly string[] | undefined {
    const listed = this.hosts.get(hostKey(name));
    const hit = listed !== undefined && listed.length > 0;
    this.tracer.emit({ event: 'dns-cache', cache: 'hosts', name, type: 'A', hit, answers: listed ?? [] });
    return hit ? listed : undefined;
  }

  private askServers(name: string, type: QuestionType, hostname: string): Promise<CacheFinding> {
    return this.pending.ask(name, type, () => this.askEach(name, type, hostname));
  }

  private async askEach(name: string, type: QuestionType, hostname: string): Promise<CacheFinding> {
    let reason = 'no name server is known';
    const ask = { name, type, recursionDesired: true, timeoutMs: this.timeoutMs };
    const found = await this.exchange.askInTurn(
      this.servers,
      ask,
      this.attempts,
      ({ message, server }) => {
        reason = `${server} answered ${answerKind(message)}`;
        return findingOf(message, name, type);
      },
      ({ code, server, message }) => {
        reason = code === 'ETIMEOUT' ? `${server} does not answer` : message;
      },
    );
    if (found !== undefined) return rememberAnswer(this.cache, found, name, type);
    throw new NameError('EAI_AGAIN', hostname, reason);
  }
}

/** `4.3.2.1.in-addr.arpa` (RFC 1035 section 3.5); undefined when it is no address. */
export function reverseName(address: string): string | undefined {
  const parsed = parseIpv4(address);
  return parsed === undefined ? undefined : `${formatIpv4(parsed).split('.').reverse().join('.')}.in-addr.arpa`;
}

function resolution(name: string, asked: string, found: CacheFinding, source: ResolutionSource): Resolution {
  const { records } = found;
  return { name, canonicalName: records.at(-1)?.name ?? asked, addresses: addressesIn(records), source, records };
}

function hostKey(name: string): string {
  return canonicalName(nameFromText(name) ?? name);
}

function domainOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : nameFromText(text);
}

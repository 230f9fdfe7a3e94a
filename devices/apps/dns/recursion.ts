/**
 * Recursive resolution by iteration (RFC 1034 section 5.3.3): from the closest zone whose servers are known, at first
 * the root, down by referrals to the zone that answers. Everything learned is cached for its TTL, so that the next
 * question starts lower. Whatever other servers say, a resolution ends: by limits of questions, depth and time.
 */
import {
  type CacheFinding,
  DnsCache,
  FROM_ANSWER,
  FROM_AUTHORITY,
  MAX_CNAME_CHAIN,
  questionKey,
} from '../../net/dns-cache.js';
import { DnsExchange, DnsExchangeError } from '../../net/dns-exchange.js';
import { addressesIn, findingOf, rememberAnswer } from '../../net/dns-finding.js';
import type { Network } from '../../net/network.js';
import { SharedQuestions } from '../../net/shared-questions.js';
import type { Instant } from '../../stack/clock.js';
import type { Random } from '../../stack/random.js';
import type { Tracer } from '../../stack/trace.js';
import { type DnsMessage, isReferral } from '../../stack/wire/dns.js';
import { canonicalName, isWithin } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import {
  addressesOf,
  closestDelegation,
  type Delegation,
  type RootHint,
  referredZone,
  rootDelegation,
  takeReferral,
  type ZoneServer,
} from './delegation.js';

export interface RecursionTiming {
  /** For each question to a server; default 1000 ms. */
  readonly serverTimeoutMs?: number;
  /** For a whole resolution; default 10,000 ms. */
  readonly totalMs?: number;
}

/** Questions to other servers that one question of a client may cause. */
const MAX_QUERIES = 64;
/** Resolutions at the same time; who asks for more is told SERVFAIL. */
const MAX_RUNNING = 1_000;
/** Zones from the root down that are followed. */
const MAX_REFERRALS = 24;
/** Name servers without glue whose names have to be resolved to resolve a name, one inside the other. */
const MAX_NESTING = 6;
/** How often the servers of a zone are asked in turn. */
const ROUNDS = 2;
/** A server that did not answer is asked last for so long. */
const SLOW_SERVER_MS = 30_000;
/** RFC 9520 section 3.2: a failure is remembered for at least a second. */
const FAILURE_MS = 1_000;
const MAX_REMEMBERED = 1_000;

/** One resolution, with all that it causes. */
interface Work {
  readonly deadline: Instant;
  queriesLeft: number;
  /** Canonical names of name servers whose addresses are being resolved. */
  readonly resolving: Set<string>;
}

type Step = { readonly found: CacheFinding } | { readonly delegation: Delegation };

export class Recursion {
  readonly cache: DnsCache;
  readonly root: Delegation;
  private readonly network: Network;
  private readonly random: Random;
  private readonly exchange: DnsExchange;
  private readonly serverTimeoutMs: number;
  private readonly totalMs: number;
  private readonly running = new SharedQuestions<CacheFinding | undefined>();
  private readonly failedUntil = new Map<string, Instant>();
  private readonly slowUntil = new Map<string, Instant>();

  constructor(
    network: Network,
    hints: readonly RootHint[],
    environment: { readonly random: Random; readonly tracer: Tracer },
    timing: RecursionTiming = {},
  ) {
    this.network = network;
    this.root = rootDelegation(hints);
    this.cache = new DnsCache({ cache: 'isp', now: () => network.now(), limit: 10_000 });
    this.random = environment.random.fork('recursion');
    const random = this.random.fork('ids');
    this.exchange = new DnsExchange(network, { random, tracer: environment.tracer, program: 'name-server' });
    this.serverTimeoutMs = timing.serverTimeoutMs ?? 1000;
    this.totalMs = timing.totalMs ?? 10_000;
  }

  /** Undefined when no answer can be found: the client is told SERVFAIL. Identical questions share one resolution. */
  resolve(name: string, type: QuestionType): Promise<CacheFinding | undefined> {
    return this.running.ask(name, type, () => this.start(name, type));
  }

  private async start(name: string, type: QuestionType): Promise<CacheFinding | undefined> {
    const key = questionKey(name, type);
    if (this.isMarked(this.failedUntil, key) || this.running.size >= MAX_RUNNING) return undefined;
    const deadline = this.network.now() + this.totalMs;
    const found = await this.chase(name, type, { deadline, queriesLeft: MAX_QUERIES, resolving: new Set() });
    if (found === undefined) this.mark(this.failedUntil, key, FAILURE_MS);
    return found;
  }

  /** Follows aliases until there is an answer; a chain that is too long or a circle gives none. */
  private async chase(name: string, type: QuestionType, work: Work): Promise<CacheFinding | undefined> {
    const chain: ResourceRecord[] = [];
    let at = name;
    while (chain.length <= MAX_CNAME_CHAIN) {
      const found = this.known(at, type) ?? (await this.descend(at, type, work));
      if (found === undefined) return undefined;
      chain.push(...found.records);
      const last = chain.at(-1);
      if (found.kind !== 'answer' || last?.type !== 'CNAME' || type === 'CNAME') return { ...found, records: chain };
      at = last.target;
    }
    return undefined;
  }

  private known(name: string, type: QuestionType): CacheFinding | undefined {
    return this.cache.get(name, type, FROM_ANSWER) ?? this.cache.get(name, 'CNAME', FROM_ANSWER);
  }

  /** From the closest known zone down to an answer, which may be an alias. */
  private async descend(name: string, type: QuestionType, work: Work): Promise<CacheFinding | undefined> {
    let delegation = closestDelegation(this.cache, this.root, name);
    for (let referrals = 0; referrals < MAX_REFERRALS; referrals++) {
      const step = await this.askZone(delegation, name, type, work);
      if (step === undefined) return undefined;
      if ('found' in step) return step.found;
      delegation = step.delegation;
    }
    return undefined;
  }

  /** The first useful answer of any of the zone's servers. */
  private async askZone(
    { zone, servers }: Delegation,
    name: string,
    type: QuestionType,
    work: Work,
  ): Promise<Step | undefined> {
    const useless = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of this.inOrder(servers)) {
        for (const address of await this.addresses(server, useless, work)) {
          if (useless.has(address)) continue;
          const leftMs = work.deadline - this.network.now();
          if (leftMs <= 0 || work.queriesLeft <= 0) return undefined;
          work.queriesLeft -= 1;
          const message = await this.askServer(address, zone, name, type, Math.min(leftMs, this.serverTimeoutMs));
          const step = message === undefined ? undefined : this.judge(message, zone, name, type);
          if (step !== undefined) return step;
          if (message !== undefined) useless.add(address);
        }
      }
    }
    return undefined;
  }

  private async askServer(
    address: string,
    zone: string,
    name: string,
    type: QuestionType,
    timeoutMs: number,
  ): Promise<DnsMessage | undefined> {
    try {
      const reply = await this.exchange.ask(address, { name, type, recursionDesired: false, timeoutMs, zone });
      this.slowUntil.delete(address);
      return reply.message;
    } catch (error) {
      if (!(error instanceof DnsExchangeError)) throw error;
      this.mark(this.slowUntil, address, SLOW_SERVER_MS);
      return undefined;
    }
  }

  /** What an answer of a server of `zone` is worth; undefined when nothing: a failure, or a lame delegation. */
  private judge(message: DnsMessage, zone: string, name: string, type: QuestionType): Step | undefined {
    const below = referredZone(message, zone, name);
    if (below !== undefined) return { delegation: takeReferral(this.cache, message, zone, below) };
    if (isReferral(message)) return undefined;
    // Bailiwick: a server is heard on names of its own zone only.
    const trusted = (record: ResourceRecord) => record.class === CLASS_IN && isWithin(record.name, zone);
    const answers = message.answers.filter(trusted);
    const authorities = message.authorities.filter((record) => trusted(record) && isWithin(name, record.name));
    const found = findingOf({ ...message, answers, authorities }, name, type);
    if (found === undefined) return undefined;
    if (found.records.length > 0) {
      // What lies behind an alias is asked of those who are in charge of it.
      const chain: CacheFinding = { kind: 'answer', records: found.records };
      this.cache.put(chain.records, message.authoritative ? FROM_AUTHORITY : FROM_ANSWER);
      return { found: chain };
    }
    if (found.kind === 'answer' || (!message.authoritative && found.soa === undefined)) return undefined;
    rememberAnswer(this.cache, found, name, type);
    return { found };
  }

  /** Servers whose address is known first, the others need questions of their own; among equals a random order. */
  private inOrder(servers: readonly ZoneServer[]): ZoneServer[] {
    const rank = (server: ZoneServer): number => {
      if (server.addresses.length === 0) return 1;
      return server.addresses.every((address) => this.isMarked(this.slowUntil, address)) ? 2 : 0;
    };
    return servers
      .map((server) => ({ server, rank: rank(server), draw: this.random.uniform() }))
      .sort((a, b) => a.rank - b.rank || a.draw - b.draw)
      .map(({ server }) => server);
  }

  /** Known, or resolved now. `useless` also remembers names that led nowhere. */
  private async addresses(server: ZoneServer, useless: Set<string>, work: Work): Promise<readonly string[]> {
    if (server.addresses.length > 0) return server.addresses;
    const cached = addressesOf(this.cache, server.name);
    if (cached.length > 0) return cached;
    const key = canonicalName(server.name);
    if (useless.has(key) || work.resolving.has(key) || work.resolving.size >= MAX_NESTING) return [];
    work.resolving.add(key);
    const found = await this.chase(server.name, 'A', work);
    work.resolving.delete(key);
    if (found?.kind !== 'answer') useless.add(key);
    return addressesIn(found?.records ?? []);
  }

  private mark(marks: Map<string, Instant>, key: string, ms: number): void {
    marks.delete(key);
    marks.set(key, this.network.now() + ms);
    if (marks.size > MAX_REMEMBERED) {
      const [oldest] = marks.keys();
      marks.delete(oldest);
    }
  }

  private isMarked(marks: Map<string, Instant>, key: string): boolean {
    return (marks.get(key) ?? 0) > this.network.now();
  }
}

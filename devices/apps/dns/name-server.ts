/**
 * This folder answers questions about names: `authority.ts` from zones, `recursion.ts` by asking down from the root,
 * `forwarder.ts` by asking others, each behind `listener.ts`. How one question is asked, and what is remembered, is
 * net/'s; `client.ts` and `presentation.ts` are what dig, host and nslookup share.
 *
 * This file: a name server: in charge of zones (root, top level, a site's own), or answering recursive questions for clients, or
 * both. RFC 1034 section 4.3.2.
 */
import type { DnsServerConfig } from '../../control/config.js';
import type { DnsCacheRow } from '../../control/tables.js';
import type { CacheFinding } from '../../net/dns-cache.js';
import { askCache } from '../../net/dns-trace.js';
import type { Network } from '../../net/network.js';
import type { Tracer } from '../../stack/trace.js';
import { type DnsMessage, type DnsQuestion, dnsResponse, RCODE_NOERROR, RCODE_NXDOMAIN } from '../../stack/wire/dns.js';
import type { QuestionType, ResourceRecord } from '../../stack/wire/dns-record.js';
import type { Environment } from '../machine.js';
import { type AnswerSections, Authority, REFUSED, SERVER_FAILURE } from './authority.js';
import { closestDelegation, delegationSections } from './delegation.js';
import { DnsListener } from './listener.js';
import { Recursion, type RecursionTiming } from './recursion.js';
import { Rotation } from './rotation.js';

/** TTL of the root hints when they are told to somebody, seconds. */
const HINT_TTL_SECONDS = 3600;

export class NameServer {
  private readonly authority: Authority;
  private readonly recursion: Recursion | undefined;
  private readonly rotation = new Rotation();
  private readonly tracer: Tracer;
  private readonly listener: DnsListener;

  /** Throws Error for zones or hints that cannot be served, and for recursion without root hints. */
  constructor(
    network: Network,
    config: DnsServerConfig,
    environment: Pick<Environment, 'random' | 'tracer' | 'log'>,
    timing: RecursionTiming = {},
  ) {
    this.tracer = environment.tracer;
    this.authority = new Authority(config.zones ?? []);
    if (config.recursion === true) {
      if ((config.rootHints ?? []).length === 0) throw new Error('a recursive name server needs root hints');
      this.recursion = new Recursion(network, config.rootHints ?? [], environment, timing);
    }
    this.listener = new DnsListener(network, (query) => this.answer(query), {
      program: 'name-server',
      log: environment.log,
      random: environment.random,
      identity: network.stack.name,
    });
  }

  start(): void {
    this.listener.start();
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }

  /** For `inspect`: what the recursive role has learned. */
  rows(): DnsCacheRow[] {
    return this.recursion?.cache.rows() ?? [];
  }

  private async answer(query: DnsMessage): Promise<DnsMessage> {
    const sections = await this.sectionsFor(query.questions[0], query.recursionDesired);
    return dnsResponse(query, { recursionAvailable: this.recursion !== undefined, ...sections });
  }

  private async sectionsFor(question: DnsQuestion, recursionDesired: boolean): Promise<AnswerSections> {
    const own = this.authority.answer(question);
    if (own.kind === 'answer') return own.sections;
    const { recursion } = this;
    if (recursion === undefined) return own.kind === 'outside' ? REFUSED : own.sections;
    if (question.type === 'ANY') return REFUSED;
    if (!recursionDesired) return own.kind === 'outside' ? this.fromMemory(recursion, question) : own.sections;
    if (own.kind === 'leaves') {
      const rest = await this.recurse(recursion, own.target, question.type);
      return { ...rest, answers: [...own.sections.answers, ...rest.answers] };
    }
    return this.recurse(recursion, question.name, question.type);
  }

  private async recurse(recursion: Recursion, name: string, type: QuestionType): Promise<AnswerSections> {
    const cached = askCache(recursion.cache, name, type, this.tracer);
    const found = cached ?? (await recursion.resolve(name, type));
    return found === undefined ? SERVER_FAILURE : findingSections(found, this.rotation.turn(found.records));
  }

  /** A question that must not cause others: from the cache, or who would be asked next. */
  private fromMemory(recursion: Recursion, question: DnsQuestion): AnswerSections {
    const cached = askCache(recursion.cache, question.name, question.type, this.tracer);
    if (cached !== undefined) return findingSections(cached, this.rotation.turn(cached.records));
    const delegation = closestDelegation(recursion.cache, recursion.root, question.name);
    const known = recursion.cache.get(delegation.zone, 'NS')?.records[0]?.ttl ?? HINT_TTL_SECONDS;
    return { rcode: RCODE_NOERROR, authoritative: false, answers: [], ...delegationSections(delegation, known) };
  }
}

/** What a cache or a server has said, as sections of an answer that is not authoritative. */
export function findingSections(found: CacheFinding, answers: readonly ResourceRecord[]): AnswerSections {
  const proof = found.kind === 'answer' || found.soa === undefined ? [] : [found.soa];
  const rcode = found.kind === 'nxdomain' ? RCODE_NXDOMAIN : RCODE_NOERROR;
  return { rcode, authoritative: false, answers, authorities: proof, additionals: [] };
}

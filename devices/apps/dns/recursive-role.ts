/** What a recursive server answers its clients: from its cache, by asking others, or, without RD, what it has at hand. */
import type { DnsServerConfig } from '../../control/config.js';
import type { DnsCacheRow } from '../../control/tables.js';
import type { CacheFinding } from '../../net/dns-cache.js';
import { askCache } from '../../net/dns-trace.js';
import type { Network } from '../../net/network.js';
import type { Tracer } from '../../stack/trace.js';
import { type DnsQuestion, RCODE_NOERROR, RCODE_NXDOMAIN, RCODE_YXDOMAIN } from '../../stack/wire/dns.js';
import { canonicalName } from '../../stack/wire/dns-name.js';
import type { QuestionType, ResourceRecord } from '../../stack/wire/dns-record.js';
import { EDE_PROHIBITED } from '../../stack/wire/edns.js';
import type { Environment } from '../machine.js';
import { AddressList } from './address-list.js';
import { type AnswerSections, REFUSED, SERVER_FAILURE, withError } from './authority.js';
import { closestDelegation, delegationSections } from './delegation.js';
import { Recursion, type RecursionTiming } from './recursion.js';
import { Rotation } from './rotation.js';

/** TTL of the root hints when they are told to somebody, seconds. */
const HINT_TTL_SECONDS = 3600;

/** For who may not ask: neither others are asked for him, nor does he see what others asked for. */
export const STRANGER: AnswerSections = withError(REFUSED, { infoCode: EDE_PROHIBITED, text: '' });

export class RecursiveRole {
  private readonly tracer: Tracer;
  private readonly recursion: Recursion;
  private readonly allowed: AddressList | undefined;
  private readonly rotation = new Rotation();

  /** Throws Error without root hints, and for what is no subnet. */
  constructor(
    network: Network,
    { recursion, rootHints = [] }: DnsServerConfig,
    environment: Pick<Environment, 'random' | 'tracer'>,
    timing: RecursionTiming,
  ) {
    if (rootHints.length === 0) throw new Error('a recursive name server needs root hints');
    this.tracer = environment.tracer;
    this.allowed = typeof recursion === 'object' ? new AddressList(network, recursion.allow) : undefined;
    this.recursion = new Recursion(network, rootHints, environment, timing);
  }

  /** For `inspect`: what was learned. */
  rows(): DnsCacheRow[] {
    return this.recursion.cache.rows();
  }

  /** The machine itself is always served. */
  serves(address: string): boolean {
    return this.allowed === undefined || this.allowed.has(address);
  }

  /** Asks whoever has to be asked. The mixed case of a client's question is not carried on. */
  async resolve(asked: string, type: QuestionType): Promise<AnswerSections> {
    const name = canonicalName(asked);
    const cached = askCache(this.recursion.cache, name, type, this.tracer);
    const found = cached ?? (await this.recursion.resolve(name, type));
    if (found.kind === 'failure') return withError(SERVER_FAILURE, found.error);
    return findingSections(found, this.rotation.turn(found.records));
  }

  /** A question that must not cause others: from the cache, or who would be asked next. */
  fromMemory({ name, type }: DnsQuestion): AnswerSections {
    const { cache, root } = this.recursion;
    const cached = askCache(cache, name, type, this.tracer);
    if (cached !== undefined) return findingSections(cached, this.rotation.turn(cached.records));
    const delegation = closestDelegation(cache, root, name, type);
    const known = cache.get(delegation.zone, 'NS')?.records[0]?.ttl ?? HINT_TTL_SECONDS;
    return { rcode: RCODE_NOERROR, authoritative: false, answers: [], ...delegationSections(delegation, known) };
  }
}

const RCODES = { answer: RCODE_NOERROR, nodata: RCODE_NOERROR, nxdomain: RCODE_NXDOMAIN, yxdomain: RCODE_YXDOMAIN };

/** What a cache or a server has said, as sections of an answer that is not authoritative. */
export function findingSections(found: CacheFinding, answers: readonly ResourceRecord[]): AnswerSections {
  const proof = found.kind === 'answer' || found.soa === undefined ? [] : [found.soa];
  return { rcode: RCODES[found.kind], authoritative: false, answers, authorities: proof, additionals: [] };
}

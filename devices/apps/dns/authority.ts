/** What a server answers from its own zones (RFC 1034 section 4.3.2 without the steps that ask others). */
import { MAX_CNAME_CHAIN } from '../../net/dns-cache.js';
import type { Random } from '../../stack/random.js';
import {
  type DnsMessage,
  type DnsQuestion,
  RCODE_NOERROR,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
  RCODE_YXDOMAIN,
} from '../../stack/wire/dns.js';
import { isWithin, nameLabels, parentName, ROOT_NAME, sameName } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { EDE_INVALID_DATA, EDE_NOT_READY, type ExtendedError, edns } from '../../stack/wire/edns.js';
import { AnswerOrder } from './answer-order.js';
import type { HostedZone } from './hosted-zone.js';
import type { Zone, ZoneFinding } from './zone.js';

export type AnswerSections = Pick<
  DnsMessage,
  'rcode' | 'answers' | 'authorities' | 'additionals' | 'authoritative' | 'edns'
>;

export type AuthorityFinding =
  /** Final, whether good or bad. */
  | { readonly kind: 'answer'; readonly sections: AnswerSections }
  /** Others are in charge: the referral to them. */
  | { readonly kind: 'referral'; readonly sections: AnswerSections }
  /** The name is an alias, in the end of a name outside all zones here: the aliases so far. */
  | { readonly kind: 'leaves'; readonly sections: AnswerSections; readonly target: string }
  /** No zone here holds the name. */
  | { readonly kind: 'outside' };

/** The aliases on the way, and the name that they have led to. */
interface Chase {
  readonly chain: ResourceRecord[];
  at: string;
}

export class Authority {
  private readonly hosted: readonly HostedZone[];
  private readonly order: AnswerOrder;

  /** Throws Error for a zone that is there twice. */
  constructor(hosted: readonly HostedZone[], random: Random) {
    const depth = ({ name }: HostedZone) => nameLabels(name).length;
    this.hosted = [...hosted].sort((a, b) => depth(b) - depth(a));
    this.order = new AnswerOrder(random);
    for (const [index, { name }] of this.hosted.entries()) {
      if (this.hosted.findIndex((other) => sameName(other.name, name)) !== index) {
        throw new Error(`zone ${name} is there twice`);
      }
    }
  }

  answer({ name, type }: DnsQuestion): AuthorityFinding {
    const chase: Chase = { chain: [], at: name };
    for (let steps = 0; steps <= MAX_CNAME_CHAIN && !isLoop(chase); steps++) {
      const hosted = this.hostOf(chase.at, type);
      if (hosted === undefined) return chase.chain.length === 0 ? { kind: 'outside' } : leaves(chase);
      // A secondary without a copy, or with one that is too old (RFC 1034 section 4.3.5).
      if (hosted.zone === undefined) return failure(NOT_READY);
      const finding = this.step(hosted, hosted.zone, chase, type);
      if (finding !== undefined) return finding;
    }
    // As BIND, NSD and Knot have it: the aliases, and who asks finds out for himself where they lead.
    const reason = { infoCode: EDE_INVALID_DATA, text: 'aliases without an end' };
    return { kind: 'answer', sections: withError(sections(RCODE_NOERROR, chase.chain), reason) };
  }

  /** Undefined when the chase goes on under another name. */
  private step(hosted: HostedZone, zone: Zone, chase: Chase, type: QuestionType): AuthorityFinding | undefined {
    const { chain, at } = chase;
    const found = zone.find(at, type);
    switch (found.kind) {
      case 'alias':
        chain.push(found.record);
        // RFC 8482 section 4.2: an alias is itself what ANY asks for.
        if (type === 'ANY') return { kind: 'answer', sections: sections(RCODE_NOERROR, chain) };
        chase.at = found.target;
        return undefined;
      case 'renamed':
        chain.push(found.record);
        if (found.target === undefined) return { kind: 'answer', sections: sections(RCODE_YXDOMAIN, chain) };
        // RFC 6672 section 3.1: for those who do not know DNAME, with its TTL.
        chain.push({ ...synthesisedAlias(at, found.target), ttl: found.record.ttl });
        if (type === 'CNAME') return { kind: 'answer', sections: sections(RCODE_NOERROR, chain) };
        chase.at = found.target;
        return undefined;
      case 'referral':
        return this.referral(chase, found.records);
      case 'answer': {
        const answers = [...chain, ...this.order.arrange(found.records, hosted.weightsAt(found.owner))];
        const additionals = this.addressesOf(found.records);
        return { kind: 'answer', sections: { ...sections(RCODE_NOERROR, answers), additionals } };
      }
      default:
        return { kind: 'answer', sections: negative(zone, chase, found, type) };
    }
  }

  /** AA says who is in charge of the first name: not set on a plain referral, set behind aliases of our own. */
  private referral(chase: Chase, servers: readonly ResourceRecord[]): AuthorityFinding {
    if (chase.chain.length > 0) return leaves(chase);
    const additionals = this.addressesOf(servers);
    return {
      kind: 'referral',
      sections: { ...sections(RCODE_NOERROR, []), authoritative: false, authorities: servers, additionals },
    };
  }

  /** Addresses of the machines that records name, as far as the zones here hold them, as glue or as data of their own. */
  private addressesOf(records: readonly ResourceRecord[]): ResourceRecord[] {
    const named = [...new Set(records.flatMap(namedMachine))];
    return named.flatMap((target) => {
      for (const { name, zone } of this.hosted) {
        if (zone === undefined || !isWithin(target, name)) continue;
        const addresses = [...zone.records(target, 'A'), ...zone.records(target, 'AAAA')];
        if (addresses.length > 0) return addresses;
      }
      return [];
    });
  }

  /** The zone whose name is the longest; for DS the one on the upper side of the cut, where it is here (RFC 4035 section 3.1.4.1). */
  private hostOf(name: string, type: QuestionType): HostedZone | undefined {
    const own = this.hosted.find((zone) => isWithin(name, zone.name));
    if (type !== 'DS' || own === undefined || !sameName(own.name, name)) return own;
    const parent = parentName(name);
    return (parent !== undefined && this.hosted.find((zone) => isWithin(parent, zone.name))) || own;
  }
}

export const REFUSED: AnswerSections = { ...sections(RCODE_REFUSED, []), authoritative: false };
const NOT_READY: ExtendedError = { infoCode: EDE_NOT_READY, text: 'there is no copy of the zone' };
export const SERVER_FAILURE: AnswerSections = { ...sections(RCODE_SERVFAIL, []), authoritative: false };

function failure(reason: ExtendedError): AuthorityFinding {
  return { kind: 'answer', sections: withError(SERVER_FAILURE, reason) };
}

/** The reason goes out only to clients that know EDNS. */
export function withError(sections: AnswerSections, error: ExtendedError): AnswerSections {
  return { ...sections, edns: edns({ options: [{ kind: 'extended-error', ...error }] }) };
}

function isLoop({ chain, at }: Chase): boolean {
  return chain.some(({ name, type }) => type === 'CNAME' && sameName(name, at));
}

function leaves({ chain, at }: Chase): AuthorityFinding {
  return { kind: 'leaves', sections: sections(RCODE_NOERROR, chain), target: at };
}

function sections(rcode: number, answers: readonly ResourceRecord[]): AnswerSections {
  return { rcode, answers, authorities: [], additionals: [], authoritative: true };
}

/** RFC 2308 section 3: with the SOA, whose TTL is the time for which the absence may be kept. */
function negative(zone: Zone, { chain, at }: Chase, found: ZoneFinding, type: QuestionType): AnswerSections {
  if (found.kind === 'nodata' && type === 'ANY' && !found.isBare)
    return sections(RCODE_NOERROR, [...chain, anyAnswer(at)]);
  const { soa } = zone;
  const proof = { ...soa, ttl: Math.min(soa.ttl, soa.minimum) };
  // RFC 6604 section 3: behind aliases the rcode tells of the last name.
  const rcode = found.kind === 'nxdomain' ? RCODE_NXDOMAIN : RCODE_NOERROR;
  return { ...sections(rcode, chain), authorities: [proof] };
}

/** RFC 8482 section 4.2, of those who have no zone of the name: so that nobody asks the next server instead. */
export function anyFromElsewhere(name: string): AnswerSections {
  return { ...sections(RCODE_NOERROR, [anyAnswer(name)]), authoritative: false };
}

/** RFC 8482 section 4.2: a synthesised HINFO instead of everything. */
function anyAnswer(name: string): ResourceRecord {
  const cpu = new TextEncoder().encode('RFC8482');
  return { type: 'HINFO', name, class: CLASS_IN, ttl: 3600, cpu, os: new Uint8Array(0) };
}

function synthesisedAlias(name: string, target: string): ResourceRecord {
  return { type: 'CNAME', name, class: CLASS_IN, ttl: 0, target };
}

/** RFC 1035 section 3.3, RFC 2782: records whose reader will need an address next. */
function namedMachine(record: ResourceRecord): string[] {
  const name =
    record.type === 'NS' || record.type === 'SRV' ? record.target : record.type === 'MX' ? record.exchange : ROOT_NAME;
  return name === ROOT_NAME ? [] : [name];
}

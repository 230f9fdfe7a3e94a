/** What a server answers from its own zones (RFC 1034 section 4.3.2 without the steps that ask others). */
import type { ZoneConfig } from '../../control/config.js';
import { MAX_CNAME_CHAIN } from '../../net/dns-cache.js';
import {
  type DnsMessage,
  type DnsQuestion,
  RCODE_NOERROR,
  RCODE_NXDOMAIN,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
} from '../../stack/wire/dns.js';
import { isWithin, nameLabels } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { Rotation } from './rotation.js';
import { Zone } from './zone.js';

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

export class Authority {
  private readonly zones: readonly Zone[];
  private readonly rotation = new Rotation();

  /** Throws Error for a zone that cannot be served. */
  constructor(configs: readonly ZoneConfig[]) {
    const depth = (zone: Zone) => nameLabels(zone.name).length;
    this.zones = configs.map((config) => new Zone(config)).sort((a, b) => depth(b) - depth(a));
    for (const [index, zone] of this.zones.entries()) {
      if (this.zones.findIndex((other) => other.name.toLowerCase() === zone.name.toLowerCase()) !== index) {
        throw new Error(`zone ${zone.name} is there twice`);
      }
    }
  }

  answer(question: DnsQuestion): AuthorityFinding {
    const zone = this.zoneOf(question.name);
    if (zone === undefined) return { kind: 'outside' };
    if (question.type === 'ANY') return this.answerAny(zone, question);
    const chain: ResourceRecord[] = [];
    let at = question.name;
    let inside: Zone = zone;
    while (chain.length <= MAX_CNAME_CHAIN) {
      const found = inside.find(at, question.type);
      if (found.kind === 'alias') {
        chain.push(found.record);
        at = found.target;
        const next = this.zoneOf(at);
        if (next === undefined) return { kind: 'leaves', sections: sections(RCODE_NOERROR, chain), target: at };
        inside = next;
        continue;
      }
      if (found.kind === 'answer') {
        const answers = [...chain, ...this.rotation.turn(found.records)];
        const additionals = this.addressesOf(found.records);
        return { kind: 'answer', sections: { ...sections(RCODE_NOERROR, answers), additionals } };
      }
      if (found.kind === 'referral') return this.referral(chain, found.records, at);
      const rcode = found.kind === 'nxdomain' ? RCODE_NXDOMAIN : RCODE_NOERROR;
      return { kind: 'answer', sections: { ...sections(rcode, chain), authorities: [negativeSoa(inside)] } };
    }
    // A loop of aliases: no answer would be true.
    return { kind: 'answer', sections: { ...sections(RCODE_SERVFAIL, []), authoritative: false } };
  }

  /** AA says who is in charge of the first name: not set on a plain referral, set behind aliases of our own. */
  private referral(chain: ResourceRecord[], servers: readonly ResourceRecord[], at: string): AuthorityFinding {
    if (chain.length > 0) return { kind: 'leaves', sections: sections(RCODE_NOERROR, chain), target: at };
    const additionals = this.addressesOf(servers);
    return {
      kind: 'referral',
      sections: { ...sections(RCODE_NOERROR, []), authoritative: false, authorities: servers, additionals },
    };
  }

  /** RFC 8482 section 4.2: a synthesised HINFO instead of everything. */
  private answerAny(zone: Zone, question: DnsQuestion): AuthorityFinding {
    const found = zone.find(question.name, 'ANY');
    if (found.kind === 'referral') return this.referral([], found.records, question.name);
    if (found.kind === 'nxdomain') {
      return { kind: 'answer', sections: { ...sections(RCODE_NXDOMAIN, []), authorities: [negativeSoa(zone)] } };
    }
    const cpu = new TextEncoder().encode('RFC8482');
    const hinfo: ResourceRecord = {
      type: 'HINFO',
      name: question.name,
      class: CLASS_IN,
      ttl: 3600,
      cpu,
      os: new Uint8Array(0),
    };
    return { kind: 'answer', sections: sections(RCODE_NOERROR, [hinfo]) };
  }

  /** Addresses of the named servers as far as the zones here hold them, as glue or as data of their own. */
  private addressesOf(records: readonly ResourceRecord[]): ResourceRecord[] {
    const targets = records.flatMap((record) => (record.type === 'NS' ? [record.target] : []));
    return targets.flatMap((target) => {
      const holder = this.zones.find((zone) => isWithin(target, zone.name) && zone.records(target, 'A').length > 0);
      return holder === undefined ? [] : [...holder.records(target, 'A')];
    });
  }

  /** The zone whose name is the longest. */
  private zoneOf(name: string): Zone | undefined {
    return this.zones.find((zone) => isWithin(name, zone.name));
  }
}

export const REFUSED: AnswerSections = { ...sections(RCODE_REFUSED, []), authoritative: false };
export const SERVER_FAILURE: AnswerSections = { ...sections(RCODE_SERVFAIL, []), authoritative: false };

function sections(rcode: number, answers: readonly ResourceRecord[]): AnswerSections {
  return { rcode, answers, authorities: [], additionals: [], authoritative: true };
}

/** RFC 2308 section 3: its TTL is the time for which the absence may be kept. */
function negativeSoa(zone: Zone): ResourceRecord {
  return { ...zone.soa, ttl: Math.min(zone.soa.ttl, zone.soa.minimum) };
}

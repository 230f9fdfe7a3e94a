/**
 * One zone that a server is in charge of, and the look-up in it (RFC 1034 section 4.3.2 step 3, RFC 4592 for
 * wildcards, RFC 8020 for names that exist only because names exist below them).
 */
import type { ZoneConfig } from '../../control/config.js';
import { canonicalName, isWithin, joinNames, nameFromText, parentName, sameName } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { DEFAULT_TTL_SECONDS, ZoneError, zoneRecord } from './zone-record.js';

export type ZoneFinding =
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'alias'; readonly record: ResourceRecord; readonly target: string }
  /** The name lies in a zone that is delegated to others: their NS records. */
  | { readonly kind: 'referral'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'nodata' | 'nxdomain' };

type RecordSets = Map<string, ResourceRecord[]>;

export class Zone {
  /** Without a final dot; `.` for the root. */
  readonly name: string;
  readonly soa: ResourceRecord & { readonly type: 'SOA' };
  /** Canonical name → type → records. Names without records of their own that lie above others have an empty map. */
  private readonly nodes = new Map<string, RecordSets>();

  /**
   * Throws Error for a config that cannot be served. A zone without a SOA record gets one, so that negative answers
   * can be cached: default TTL, MINIMUM 60 s.
   */
  constructor(config: ZoneConfig) {
    const name = nameFromText(config.name);
    if (name === undefined) throw new Error(`zone ${config.name}: not a domain name`);
    this.name = name;
    for (const recordConfig of config.records) {
      const record = zoneRecord(recordConfig, name);
      if (!isWithin(record.name, name)) throw new ZoneError(name, recordConfig, 'the name lies outside the zone');
      this.add(record);
      if (this.holdsAliasAndMore(record)) {
        throw new ZoneError(name, recordConfig, 'a name with a CNAME has no other records (RFC 1034 section 3.6.2)');
      }
    }
    const soa = this.records(name, 'SOA')[0] ?? this.add(defaultSoa(name, this.records(name, 'NS')[0]));
    this.soa = soa as ResourceRecord & { type: 'SOA' };
  }

  /** The records of exactly this name and type, delegated or not: glue is found here. */
  records(name: string, type: string): readonly ResourceRecord[] {
    return this.nodes.get(canonicalName(name))?.get(type) ?? [];
  }

  /** What this zone says about a name within it. Wildcard records come with the name that was asked for. */
  find(name: string, type: QuestionType): ZoneFinding {
    const cut = this.cutAbove(name);
    if (cut !== undefined) return { kind: 'referral', records: cut };
    const own = this.nodes.get(canonicalName(name));
    if (own !== undefined) return inNode(own, type, (record) => record);
    const wild = this.wildcardFor(name);
    return wild === undefined ? { kind: 'nxdomain' } : inNode(wild, type, (record) => ({ ...record, name }));
  }

  /** The highest delegation at or above the name, below the zone's own name. */
  private cutAbove(name: string): readonly ResourceRecord[] | undefined {
    let cut: readonly ResourceRecord[] | undefined;
    for (let at: string | undefined = name; at !== undefined && !sameName(at, this.name); at = parentName(at)) {
      const servers = this.records(at, 'NS');
      if (servers.length > 0) cut = servers;
    }
    return cut;
  }

  /** RFC 4592 section 3.3.1: the wildcard of the closest name above that exists, and of no other. */
  private wildcardFor(name: string): RecordSets | undefined {
    let at = parentName(name);
    while (at !== undefined && !this.nodes.has(canonicalName(at))) at = parentName(at);
    return at === undefined ? undefined : this.nodes.get(joinNames('*', canonicalName(at)));
  }

  private add(record: ResourceRecord): ResourceRecord {
    const sets = this.node(record.name);
    const set = sets.get(record.type);
    if (set === undefined) sets.set(record.type, [record]);
    else set.push(record);
    return record;
  }

  /** The node of a name within the zone, made with all those between it and the zone's own. */
  private node(name: string): RecordSets {
    const key = canonicalName(name);
    let sets = this.nodes.get(key);
    if (sets === undefined) {
      sets = new Map();
      this.nodes.set(key, sets);
      const above = parentName(name);
      if (above !== undefined && isWithin(above, this.name)) this.node(above);
    }
    return sets;
  }

  private holdsAliasAndMore(record: ResourceRecord): boolean {
    const sets = this.node(record.name);
    return sets.has('CNAME') && (sets.size > 1 || (sets.get('CNAME')?.length ?? 0) > 1);
  }
}

function inNode(sets: RecordSets, type: QuestionType, owned: (record: ResourceRecord) => ResourceRecord): ZoneFinding {
  const records = sets.get(type);
  if (records !== undefined) return { kind: 'answer', records: records.map(owned) };
  const alias = sets.get('CNAME')?.[0];
  if (alias?.type === 'CNAME') return { kind: 'alias', record: owned(alias), target: alias.target };
  return { kind: 'nodata' };
}

function defaultSoa(zone: string, server: ResourceRecord | undefined): ResourceRecord {
  return {
    type: 'SOA',
    name: zone,
    class: CLASS_IN,
    ttl: DEFAULT_TTL_SECONDS,
    mname: server?.type === 'NS' ? server.target : zone,
    rname: joinNames('hostmaster', zone),
    serial: 1,
    refresh: 3600,
    retry: 600,
    expire: 86400,
    minimum: 60,
  };
}

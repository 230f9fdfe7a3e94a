/**
 * What one zone holds, and the look-up in it (RFC 1034 section 4.3.2 step 3, RFC 4592 for wildcards, RFC 6672 for DNAME,
 * RFC 8020 for names that exist only because names exist below them). A zone that changes is replaced by another one.
 */
import type { ZoneConfig } from '../../control/config.js';
import { canonicalName, isWithin, joinNames, nameFromText, parentName, sameName } from '../../stack/wire/dns-name.js';
import { CLASS_IN, emitRecord, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { recordDataKey } from '../../stack/wire/dns-record-text.js';
import { DnsWriter } from '../../stack/wire/dns-writer.js';
import { DEFAULT_TTL_SECONDS, ZoneError, zoneRecord } from './zone-record.js';

export type ZoneFinding =
  /** `owner`: the node that they stand at, which is a wildcard's where their names are those that were asked for. */
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[]; readonly owner: string }
  | { readonly kind: 'alias'; readonly record: ResourceRecord; readonly target: string }
  /** The name lies below a DNAME, which renames it; without a target the new name would be too long. */
  | { readonly kind: 'renamed'; readonly record: ResourceRecord; readonly target?: string }
  /** The name lies in a zone that is delegated to others: their NS records. */
  | { readonly kind: 'referral'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'nodata' | 'nxdomain' };

export type SoaRecord = ResourceRecord & { readonly type: 'SOA' };

interface Node {
  readonly owner: string;
  /** Type → records. Empty for a name that lies above others and has no records of its own. */
  readonly sets: Map<string, ResourceRecord[]>;
}

/** A message of 65,535 bytes must hold it with its question. */
const MAX_RECORD_BYTES = 65_000;

export class Zone {
  /** Without a final dot; `.` for the root. */
  readonly name: string;
  readonly soa: SoaRecord;
  /** How many records it has. */
  readonly size: number;
  private readonly nodes: ReadonlyMap<string, Node>;

  private constructor(content: ZoneContent, soa: SoaRecord) {
    this.name = content.name;
    this.nodes = content.nodes;
    this.size = content.size;
    this.soa = soa;
  }

  /**
   * Throws Error for a config that cannot be served. A zone without a SOA record gets one, so that negative answers
   * can be cached: default TTL, MINIMUM 60 s.
   */
  static fromConfig(config: Pick<ZoneConfig, 'name' | 'records'>): Zone {
    const name = nameFromText(config.name);
    if (name === undefined) throw new Error(`zone ${config.name}: not a domain name`);
    const content = new ZoneContent(name);
    for (const recordConfig of config.records) {
      const problem = content.add(zoneRecord(recordConfig, name));
      if (problem !== undefined) throw new ZoneError(name, recordConfig, problem);
    }
    if (content.records(name, 'SOA').length === 0) content.add(defaultSoa(name, content.records(name, 'NS')[0]));
    return new Zone(content, content.records(name, 'SOA')[0] as SoaRecord);
  }

  /** Throws Error for records that are no zone: without SOA, an alias beside other data, a name outside. */
  static fromRecords(name: string, records: Iterable<ResourceRecord>): Zone {
    const content = new ZoneContent(name);
    for (const record of records) {
      const problem = content.add(record);
      if (problem !== undefined) throw new Error(`${record.name} ${record.type}: ${problem}`);
    }
    const [soa] = content.records(name, 'SOA');
    if (soa === undefined) throw new Error('there is no SOA record');
    return new Zone(content, soa as SoaRecord);
  }

  /** The records of exactly this name and type, delegated or not: glue is found here. */
  records(name: string, type: string): readonly ResourceRecord[] {
    return this.nodes.get(canonicalName(name))?.sets.get(type) ?? [];
  }

  /** All records of exactly this name. */
  recordsAt(name: string): readonly ResourceRecord[] {
    return [...(this.nodes.get(canonicalName(name))?.sets.values() ?? [])].flat();
  }

  /** All records, the SOA first. */
  *all(): Iterable<ResourceRecord> {
    yield this.soa;
    for (const { sets } of this.nodes.values()) {
      for (const set of sets.values()) for (const record of set) if (record !== this.soa) yield record;
    }
  }

  /** What this zone says about a name within it. Wildcard records come with the name that was asked for. */
  find(name: string, type: QuestionType): ZoneFinding {
    const above = this.cutOrRename(name, type);
    if (above !== undefined) return above;
    const own = this.nodes.get(canonicalName(name));
    if (own !== undefined) return inNode(own, type, (record) => record);
    const wild = this.wildcardFor(name);
    return wild === undefined ? { kind: 'nxdomain' } : inNode(wild, type, (record) => ({ ...record, name }));
  }

  /** The highest delegation at or above the name, or DNAME above it, whichever is met first on the way down. */
  private cutOrRename(name: string, type: QuestionType): ZoneFinding | undefined {
    let found: ZoneFinding | undefined;
    for (let at: string | undefined = name; at !== undefined; at = parentName(at)) {
      const isApex = sameName(at, this.name);
      const isName = at === name;
      const [rename] = isName ? [] : this.records(at, 'DNAME');
      if (rename !== undefined) found = renamed(rename, name);
      const servers = isApex ? [] : this.records(at, 'NS');
      // RFC 4035 section 3.1.4.1: of a cut's two sides the upper one answers for DS.
      if (servers.length > 0 && !(isName && type === 'DS')) found = { kind: 'referral', records: servers };
      if (isApex) break;
    }
    return found;
  }

  /** RFC 4592 section 3.3.1: the wildcard of the closest name above that exists, and of no other. */
  private wildcardFor(name: string): Node | undefined {
    let at = parentName(name);
    while (at !== undefined && !this.nodes.has(canonicalName(at))) at = parentName(at);
    return at === undefined ? undefined : this.nodes.get(joinNames('*', canonicalName(at)));
  }
}

/** A zone while it is put together. */
class ZoneContent {
  readonly name: string;
  readonly nodes = new Map<string, Node>();
  size = 0;
  private readonly known = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  records(name: string, type: string): readonly ResourceRecord[] {
    return this.nodes.get(canonicalName(name))?.sets.get(type) ?? [];
  }

  /** Says what is wrong, if anything. The same record again changes nothing; a set has the TTL of its first record (RFC 2181 section 5). */
  add(record: ResourceRecord): string | undefined {
    if (!isWithin(record.name, this.name)) return 'the name lies outside the zone';
    const key = recordKey(record);
    if (this.known.has(key)) return undefined;
    if (isTooLong(record)) return `more than ${MAX_RECORD_BYTES} bytes fit into no message`;
    const { sets } = this.node(record.name);
    const set = sets.get(record.type);
    const problem = conflictOf(record, this.name, sets, set?.length ?? 0);
    if (problem !== undefined) return problem;
    this.known.add(key);
    this.size += 1;
    if (set === undefined) sets.set(record.type, [record]);
    else set.push(record.ttl === set[0].ttl ? record : { ...record, ttl: set[0].ttl });
    return undefined;
  }

  /** The node of a name within the zone, made with all those between it and the zone's own. */
  private node(name: string): Node {
    const key = canonicalName(name);
    const known = this.nodes.get(key);
    if (known !== undefined) return known;
    const node: Node = { owner: key, sets: new Map() };
    this.nodes.set(key, node);
    const above = parentName(name);
    if (above !== undefined && isWithin(above, this.name)) this.node(above);
    return node;
  }
}

/** Equal for records that are the same but for their TTL. */
export function recordKey(record: ResourceRecord): string {
  return `${canonicalName(record.name)} ${record.type} ${recordDataKey(record)}`;
}

function conflictOf(
  record: ResourceRecord,
  zone: string,
  sets: ReadonlyMap<string, unknown>,
  same: number,
): string | undefined {
  const { type } = record;
  if ((type === 'CNAME' && sets.size > 0) || (type !== 'CNAME' && sets.has('CNAME'))) {
    return 'a name with a CNAME has no other records (RFC 1034 section 3.6.2)';
  }
  if (type === 'SOA' && !sameName(record.name, zone)) return 'an SOA record stands only at the zone itself';
  if ((type === 'SOA' || type === 'DNAME') && same > 0) return `a name has one ${type} record`;
  return undefined;
}

/** Only data of free length can be. */
function isTooLong(record: ResourceRecord): boolean {
  if (!('bytes' in record || record.type === 'TXT' || record.type === 'CAA')) return false;
  const writer = new DnsWriter();
  emitRecord(writer, record);
  return writer.length > MAX_RECORD_BYTES;
}

/** RFC 6672 section 2.2: the part above gives way to the target. */
function renamed(record: ResourceRecord, name: string): ZoneFinding {
  if (record.type !== 'DNAME') throw new TypeError('not a DNAME');
  const below = record.name === '.' ? name : name.slice(0, -(record.name.length + 1));
  const target = nameFromText(joinNames(below, record.target));
  return { kind: 'renamed', record, ...(target === undefined ? {} : { target }) };
}

function inNode(node: Node, type: QuestionType, owned: (record: ResourceRecord) => ResourceRecord): ZoneFinding {
  const records = node.sets.get(type);
  if (records !== undefined) return { kind: 'answer', records: records.map(owned), owner: node.owner };
  const alias = node.sets.get('CNAME')?.[0];
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

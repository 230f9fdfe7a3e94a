/**
 * What one zone holds, and the look-up in it (RFC 1034 section 4.3.2 step 3, RFC 4592 for wildcards, RFC 6672 for DNAME,
 * RFC 8020 for names that exist only because names exist below them). A zone that changes is replaced by another one.
 */
import type { ZoneConfig } from '../../control/config.js';
import {
  canonicalName,
  joinNames,
  nameFromText,
  parentName,
  sameName,
  substituted,
} from '../../stack/wire/dns-name.js';
import { CLASS_IN, type QuestionType, type ResourceRecord } from '../../stack/wire/dns-record.js';
import { recordDataKey } from '../../stack/wire/dns-record-text.js';
import { ZoneEdit, type ZoneNode, type ZoneNodes } from './zone-edit.js';
import { DEFAULT_TTL_SECONDS, ZoneError, zoneRecord } from './zone-record.js';

export type ZoneFinding =
  /** `owner`: the node that they stand at, which is a wildcard's where their names are those that were asked for. */
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[]; readonly owner: string }
  | { readonly kind: 'alias'; readonly record: ResourceRecord; readonly target: string }
  /** The name lies below a DNAME, which renames it; without a target the new name would be too long. */
  | { readonly kind: 'renamed'; readonly record: ResourceRecord; readonly target?: string }
  /** The name lies in a zone that is delegated to others: their NS records. */
  | { readonly kind: 'referral'; readonly records: readonly ResourceRecord[] }
  /** `isBare`: the name has no records at all, and exists for those below it. */
  | { readonly kind: 'nodata'; readonly isBare: boolean }
  | { readonly kind: 'nxdomain' };

export type SoaRecord = ResourceRecord & { readonly type: 'SOA' };

export class Zone {
  /** Without a final dot; `.` for the root. */
  readonly name: string;
  readonly soa: SoaRecord;
  private readonly nodes: ZoneNodes;
  private counted: number | undefined;

  private constructor(name: string, nodes: ZoneNodes) {
    const soa = nodes.get(canonicalName(name))?.sets.get('SOA')?.[0];
    if (soa?.type !== 'SOA') throw new Error('there is no SOA record');
    this.name = name;
    this.nodes = nodes;
    this.soa = soa;
  }

  /**
   * Throws Error for a config that cannot be served. A zone without a SOA record gets one, so that negative answers
   * can be cached: default TTL, MINIMUM 60 s.
   */
  static fromConfig(config: Pick<ZoneConfig, 'name' | 'records'>): Zone {
    const name = nameFromText(config.name);
    if (name === undefined) throw new Error(`zone ${config.name}: not a domain name`);
    const edit = new ZoneEdit(name);
    for (const recordConfig of config.records) {
      const problem = edit.add(zoneRecord(recordConfig, name));
      if (problem !== undefined) throw new ZoneError(name, recordConfig, problem);
    }
    if (edit.records(name, 'SOA').length === 0) edit.add(defaultSoa(name, edit.records(name, 'NS')[0]));
    return new Zone(name, edit.finish());
  }

  /** Throws Error for records that are no zone: without SOA, an alias beside other data, a name outside. */
  static fromRecords(name: string, records: Iterable<ResourceRecord>): Zone {
    const edit = new ZoneEdit(name);
    for (const record of records) {
      const problem = edit.add(record);
      if (problem !== undefined) throw new Error(`${record.name} ${record.type}: ${problem}`);
    }
    return new Zone(name, edit.finish());
  }

  /** This zone, to be changed; it stays as it is itself. */
  edit(): ZoneEdit {
    return new ZoneEdit(this.name, this.nodes);
  }

  /** The zone that an edit of this one has become. Throws Error when that has no SOA record. */
  edited(edit: ZoneEdit): Zone {
    return new Zone(this.name, edit.finish());
  }

  /** How many records it has. */
  get size(): number {
    if (this.counted === undefined) {
      this.counted = 0;
      for (const { sets } of this.nodes.values()) for (const set of sets.values()) this.counted += set.length;
    }
    return this.counted;
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
  private wildcardFor(name: string): ZoneNode | undefined {
    let at = parentName(name);
    while (at !== undefined && !this.nodes.has(canonicalName(at))) at = parentName(at);
    return at === undefined ? undefined : this.nodes.get(joinNames('*', canonicalName(at)));
  }
}

/** Equal for records that are the same but for their TTL. */
export function recordKey(record: ResourceRecord): string {
  return `${canonicalName(record.name)} ${record.type} ${recordDataKey(record)}`;
}

/** RFC 6672 section 2.2: the part above gives way to the target. */
function renamed(record: ResourceRecord, name: string): ZoneFinding {
  if (record.type !== 'DNAME') throw new TypeError('not a DNAME');
  const target = substituted(name, record.name, record.target);
  return { kind: 'renamed', record, ...(target === undefined ? {} : { target }) };
}

function inNode(node: ZoneNode, type: QuestionType, owned: (record: ResourceRecord) => ResourceRecord): ZoneFinding {
  const records = node.sets.get(type);
  if (records !== undefined) return { kind: 'answer', records: records.map(owned), owner: node.owner };
  const alias = node.sets.get('CNAME')?.[0];
  if (alias?.type === 'CNAME') return { kind: 'alias', record: owned(alias), target: alias.target };
  return { kind: 'nodata', isBare: node.sets.size === 0 };
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

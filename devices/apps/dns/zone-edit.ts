/**
 * A zone while it is put together or changed: sets of records that were touched, above the nodes of the zone before, which
 * stay as they are. What a change costs depends on what it touches (and a copy of the table of names), not on the zone.
 */
import { canonicalName, isWithin, parentName, sameName } from '../../stack/wire/dns-name.js';
import { type ResourceRecord, uncompressedLength } from '../../stack/wire/dns-record.js';
import { questionKey, recordDataKey } from '../../stack/wire/dns-record-text.js';
import { conflictOf } from '../../stack/wire/zone-conflict.js';

/** A name that has records, or lies above others that have (RFC 8020). */
export interface ZoneNode {
  /** Canonical. */
  readonly owner: string;
  /** Type → records, of one TTL. None is empty. */
  readonly sets: ReadonlyMap<string, readonly ResourceRecord[]>;
  /** How many nodes lie directly below. */
  readonly below: number;
}

/** By canonical name. */
export type ZoneNodes = ReadonlyMap<string, ZoneNode>;

interface EditedSet {
  readonly name: string;
  readonly type: string;
  /** By their data. */
  readonly records: Map<string, ResourceRecord>;
}

type WritableNode = { owner: string; sets: Map<string, readonly ResourceRecord[]>; below: number };

/** A message of 65,535 bytes must hold it with its question. */
const MAX_RECORD_BYTES = 65_000;

export class ZoneEdit {
  readonly name: string;
  private readonly before: ZoneNodes;
  private readonly edited = new Map<string, EditedSet>();
  /** Of names that were touched. */
  private readonly typesByName = new Map<string, Set<string>>();

  constructor(name: string, before: ZoneNodes = new Map()) {
    this.name = name;
    this.before = before;
  }

  records(name: string, type: string): readonly ResourceRecord[] {
    const edited = this.edited.get(questionKey(name, type));
    return edited === undefined ? this.recordsBefore(name, type) : [...edited.records.values()];
  }

  /** The types of the records at a name. */
  typesAt(name: string): ReadonlySet<string> {
    return this.types(name);
  }

  /**
   * Says what is wrong, if anything. The same record again changes nothing; a set has the TTL of its first record
   * (RFC 2181 section 5).
   */
  add(record: ResourceRecord): string | undefined {
    if (!isWithin(record.name, this.name)) return 'the name lies outside the zone';
    const { name, type } = record;
    const types = this.types(name);
    const problem = conflictOf(record, sameName(name, this.name), types, (other) => this.records(name, other)[0]);
    if (problem !== undefined) return problem;
    const { records } = this.edit(name, type);
    const key = recordDataKey(record);
    if (records.has(key)) return undefined;
    if (isTooLong(record)) return `more than ${MAX_RECORD_BYTES} bytes fit into no message`;
    const [first = record] = records.values();
    records.set(key, record.ttl === first.ttl ? record : { ...record, ttl: first.ttl });
    types.add(type);
    return undefined;
  }

  /** Its TTL does not count. */
  has(record: ResourceRecord): boolean {
    return this.edit(record.name, record.type).records.has(recordDataKey(record));
  }

  /** False when it is not there. Its TTL does not count. */
  remove(record: ResourceRecord): boolean {
    const { records } = this.edit(record.name, record.type);
    const isThere = records.delete(recordDataKey(record));
    if (records.size === 0) this.types(record.name).delete(record.type);
    return isThere;
  }

  removeSet(name: string, type: string): void {
    this.edit(name, type).records.clear();
    this.types(name).delete(type);
  }

  setTtl(name: string, type: string, ttl: number): void {
    const { records } = this.edit(name, type);
    for (const [key, record] of records) if (record.ttl !== ttl) records.set(key, { ...record, ttl });
  }

  /** What has gone and what has come, the SOA left out. A record whose TTL alone changed has done both. */
  difference(): { readonly removed: ResourceRecord[]; readonly added: ResourceRecord[] } {
    const removed: ResourceRecord[] = [];
    const added: ResourceRecord[] = [];
    for (const { name, type, records } of this.edited.values()) {
      if (type === 'SOA') continue;
      const old = new Map(this.recordsBefore(name, type).map((record) => [recordDataKey(record), record]));
      for (const [key, record] of old) if (records.get(key)?.ttl !== record.ttl) removed.push(record);
      for (const [key, record] of records) if (old.get(key)?.ttl !== record.ttl) added.push(record);
    }
    return { removed, added };
  }

  /** The nodes with all changes. */
  finish(): ZoneNodes {
    const nodes = new Map(this.before);
    const own = new Map<string, WritableNode>();
    const writable = (key: string): WritableNode => {
      const known = own.get(key);
      if (known !== undefined) return known;
      const before = nodes.get(key);
      const node = { owner: key, below: before?.below ?? 0, sets: new Map(before?.sets) };
      own.set(key, node);
      nodes.set(key, node);
      const above = before === undefined ? this.above(key) : undefined;
      if (above !== undefined) writable(above).below += 1;
      return node;
    };
    const emptied: string[] = [];
    for (const { name, type, records } of this.edited.values()) {
      const key = canonicalName(name);
      if (records.size > 0) writable(key).sets.set(type, [...records.values()]);
      else if (nodes.get(key)?.sets.has(type)) {
        writable(key).sets.delete(type);
        emptied.push(key);
      }
    }
    // A name without records stays only above others.
    for (let key of emptied) {
      for (;;) {
        const node = nodes.get(key);
        const above = this.above(key);
        if (node === undefined || above === undefined || node.sets.size > 0 || node.below > 0) break;
        nodes.delete(key);
        own.delete(key);
        writable(above).below -= 1;
        key = above;
      }
    }
    return nodes;
  }

  private above(key: string): string | undefined {
    if (sameName(key, this.name)) return undefined;
    return parentName(key);
  }

  private recordsBefore(name: string, type: string): readonly ResourceRecord[] {
    return this.before.get(canonicalName(name))?.sets.get(type) ?? [];
  }

  private edit(name: string, type: string): EditedSet {
    const key = questionKey(name, type);
    let set = this.edited.get(key);
    if (set === undefined) {
      const records = this.recordsBefore(name, type).map((record) => [recordDataKey(record), record] as const);
      set = { name, type, records: new Map(records) };
      this.edited.set(key, set);
    }
    return set;
  }

  private types(name: string): Set<string> {
    const key = canonicalName(name);
    let types = this.typesByName.get(key);
    if (types === undefined) {
      types = new Set(this.before.get(key)?.sets.keys());
      this.typesByName.set(key, types);
    }
    return types;
  }
}

/** Only data of free length can be. */
export function isTooLong(record: ResourceRecord): boolean {
  if (!('bytes' in record || record.type === 'TXT' || record.type === 'CAA')) return false;
  return uncompressedLength(record) > MAX_RECORD_BYTES;
}

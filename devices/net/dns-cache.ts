/**
 * What a machine remembers of DNS answers: RRsets and their absence, each for its TTL on the machine's own clock
 * (RFC 1034 section 4.3.4, RFC 2308). Bounded: the entry that was longest not used goes first.
 */
import type { DnsCacheRow } from '../control/tables.js';
import type { Instant } from '../stack/clock.js';
import type { DnsCacheName } from '../stack/trace.js';
import { parentName } from '../stack/wire/dns-name.js';
import { formatRecordData, type QuestionType, type ResourceRecord } from '../stack/wire/dns-record.js';
import { questionKey } from '../stack/wire/dns-record-text.js';

/** RFC 2181 section 5.4.1: how much a source is believed. Data never replaces what is believed more. */
export type Credibility = 1 | 2 | 3;
/** From a referral: name servers of the zone below, and glue. */
export const FROM_REFERRAL: Credibility = 1;
/** From the answer section of a server that is not in charge. */
export const FROM_ANSWER: Credibility = 2;
/** From the answer section of a server that is (AA). */
export const FROM_AUTHORITY: Credibility = 3;

/** What the cache knows about a name and type. TTLs are what is left of them. */
export type CacheFinding =
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[] }
  /** The name does not exist, or has no records of the type; the SOA of RFC 2308 section 2 proves it, where a server gave one. */
  | {
      readonly kind: 'nxdomain' | 'nodata';
      readonly records: readonly ResourceRecord[];
      readonly soa?: ResourceRecord;
    }
  /** A DNAME, the last of the records, makes the name too long (RFC 6672 section 2.2). */
  | { readonly kind: 'yxdomain'; readonly records: readonly ResourceRecord[]; readonly soa?: undefined };

export interface DnsCacheOptions {
  /** Names the cache in its rows. */
  readonly cache: DnsCacheName;
  readonly now: () => Instant;
  /** Records, an absence counting as one. Default 1000. */
  readonly limit?: number;
  /** No TTL counts for more, seconds. Default one day; negative answers: 3 hours (RFC 2308 section 5). */
  readonly maxTtlSeconds?: number;
  readonly maxNegativeTtlSeconds?: number;
}

interface Entry {
  readonly kind: 'answer' | 'nxdomain' | 'nodata';
  readonly name: string;
  readonly type: string;
  /** The RRset, or the SOA of a negative entry. */
  readonly records: readonly ResourceRecord[];
  readonly expiresAt: Instant;
  readonly credibility: Credibility;
}

export const DEFAULT_LIMIT = 1000;
export const MAX_CACHED_TTL_SECONDS = 86400;
export const MAX_NEGATIVE_SECONDS = 10800;
/** More CNAMEs in a row than this are taken for a loop. */
export const MAX_CNAME_CHAIN = 16;
/** The type under which the absence of a whole name is kept. */
const ANY_TYPE = '*';

export class DnsCache {
  readonly cache: DnsCacheName;
  private readonly now: () => Instant;
  private readonly limit: number;
  private readonly maxTtlSeconds: number;
  private readonly maxNegativeTtlSeconds: number;
  /** In order of last use. */
  private readonly entries = new Map<string, Entry>();
  private recordCount = 0;

  constructor(options: DnsCacheOptions) {
    this.cache = options.cache;
    this.now = options.now;
    this.limit = options.limit ?? DEFAULT_LIMIT;
    this.maxTtlSeconds = options.maxTtlSeconds ?? MAX_CACHED_TTL_SECONDS;
    this.maxNegativeTtlSeconds = options.maxNegativeTtlSeconds ?? MAX_NEGATIVE_SECONDS;
  }

  /** Records, an absence counting as one. */
  get size(): number {
    return this.recordCount;
  }

  /** Keeps records of any names and types, for their TTLs, and returns them with those as they count. */
  put(records: readonly ResourceRecord[], credibility: Credibility = FROM_ANSWER): readonly ResourceRecord[] {
    const sets = this.setsOf(records);
    for (const { name, type, ttl, records } of sets.values()) {
      this.store({ kind: 'answer', name, type, records, expiresAt: this.expiry(ttl), credibility });
      const absence = this.entries.get(questionKey(name, ANY_TYPE));
      if (ttl > 0 && absence !== undefined && absence.credibility <= credibility) {
        this.remove(questionKey(name, ANY_TYPE));
      }
    }
    return records.map((record) => {
      const ttl = sets.get(questionKey(record.name, record.type))?.ttl ?? record.ttl;
      return ttl === record.ttl ? record : { ...record, ttl };
    });
  }

  /** The TTL of a set is the smallest one in it (RFC 2181 section 5.2), and no more than counts. */
  private setsOf(records: readonly ResourceRecord[]) {
    const sets = new Map<string, { name: string; type: string; ttl: number; records: ResourceRecord[] }>();
    for (const record of records) {
      const { name, type, ttl } = record;
      const key = questionKey(name, type);
      const set = sets.get(key) ?? { name, type, ttl: this.maxTtlSeconds, records: [] };
      sets.set(key, set);
      set.records.push(record);
      set.ttl = Math.min(set.ttl, ttl);
    }
    return sets;
  }

  /** Keeps an absence for the smaller of the SOA's TTL and its MINIMUM (RFC 2308 section 5); returns the SOA with that TTL. */
  putNegative(kind: 'nxdomain' | 'nodata', name: string, type: QuestionType, soa: ResourceRecord): ResourceRecord {
    if (soa.type !== 'SOA') return soa;
    const ttl = Math.min(this.maxNegativeTtlSeconds, soa.ttl, soa.minimum);
    const proof = { ...soa, ttl };
    this.store({
      kind,
      name,
      type: kind === 'nxdomain' ? ANY_TYPE : type,
      records: [proof],
      expiresAt: this.expiry(ttl),
      credibility: FROM_ANSWER,
    });
    return proof;
  }

  /**
   * What is known about exactly this name and type; undefined when nothing is.
   * @param least entries that are believed less are passed over: glue is no answer
   */
  get(name: string, type: QuestionType, least: Credibility = FROM_REFERRAL): CacheFinding | undefined {
    const entry = this.touch(questionKey(name, type)) ?? this.absenceAt(name);
    if (entry === undefined || entry.credibility < least) return undefined;
    const ttl = this.ttlOf(entry);
    const records = entry.records.map((record) => ({ ...record, ttl: Math.min(ttl, record.ttl) }));
    if (entry.kind === 'answer') return { kind: 'answer', records };
    return { kind: entry.kind, records: [], soa: records[0] };
  }

  /** As {@link get}, but goes along CNAMEs; `records` holds the whole chain, in order. Undefined unless all is known. */
  resolve(name: string, type: QuestionType, least: Credibility = FROM_ANSWER): CacheFinding | undefined {
    const chain: ResourceRecord[] = [];
    let at = name;
    for (let hops = 0; hops <= MAX_CNAME_CHAIN; hops++) {
      const found = this.get(at, type, least);
      if (found !== undefined) return { ...found, records: [...chain, ...found.records] };
      const alias = type === 'CNAME' ? undefined : this.get(at, 'CNAME', least)?.records[0];
      if (alias?.type !== 'CNAME') return undefined;
      chain.push(alias);
      at = alias.target;
    }
    return undefined;
  }

  clear(): void {
    this.entries.clear();
    this.recordCount = 0;
  }

  /** For `inspect`: one row a record, the oldest use first. */
  rows(): DnsCacheRow[] {
    const rows: DnsCacheRow[] = [];
    for (const entry of this.entries.values()) {
      if (entry.expiresAt <= this.now()) continue;
      const row = { cache: this.cache, name: entry.name, ttlSeconds: this.ttlOf(entry) };
      if (entry.kind === 'nxdomain') rows.push({ ...row, type: 'ANY', data: 'NXDOMAIN' });
      else if (entry.kind === 'nodata') rows.push({ ...row, type: entry.type, data: 'NODATA' });
      else for (const record of entry.records) rows.push({ ...row, type: entry.type, data: formatRecordData(record) });
    }
    return rows;
  }

  private expiry(ttlSeconds: number): Instant {
    return this.now() + ttlSeconds * 1000;
  }

  /** Whole seconds that are left: rounded down, so that no cache behind this one keeps data beyond its time. */
  private ttlOf(entry: Entry): number {
    return Math.floor((entry.expiresAt - this.now()) / 1000);
  }

  /** RFC 8020: where a name does not exist, nothing below it does, but for what is known to be there. */
  private absenceAt(name: string): Entry | undefined {
    if (this.touch(questionKey(name, 'CNAME')) !== undefined) return undefined;
    for (let at: string | undefined = name; at !== undefined; at = parentName(at)) {
      const entry = this.touch(questionKey(at, ANY_TYPE));
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private store(entry: Entry): void {
    const key = questionKey(entry.name, entry.type);
    const old = this.touch(key);
    if (old !== undefined && old.credibility > entry.credibility) return;
    this.remove(key);
    // RFC 1035 section 3.2.1: a TTL of zero is for the transaction in progress only.
    if (entry.expiresAt <= this.now() || entry.records.length > this.limit) return;
    this.entries.set(key, entry);
    this.recordCount += entry.records.length;
    while (this.recordCount > this.limit) {
      const [oldest] = this.entries.keys();
      this.remove(oldest);
    }
  }

  /** The entry, now the most recently used; one whose time has come is forgotten. */
  private touch(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= this.now()) {
      this.remove(key);
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  private remove(key: string): void {
    this.recordCount -= this.entries.get(key)?.records.length ?? 0;
    this.entries.delete(key);
  }
}

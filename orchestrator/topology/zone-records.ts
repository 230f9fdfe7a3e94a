/** The records that a zone of the file gives, in their short and long forms. */
import type { RecordConfig } from '../../devices/control.js';
import { typeFromText } from '../../devices/stack/wire/dns-type.js';
import { clashesWithAlias } from '../../devices/stack/wire/zone-conflict.js';
import { isWithin, ownerName } from './domain-names.js';
import { type Draft, listOf } from './draft.js';
import { type Place, readAddress, readData, readOther, type TypedData } from './record-data.js';
import { type AddressesFile, RECORD_TYPES, type RecordSetFile, type ZoneFile } from './schema-dns.js';
import type { Path } from './source.js';
import { parseDuration } from './units.js';

/** By owner, then by address. */
export type Weights = Record<string, Record<string, number>>;

interface Owner extends Place {
  /** Absolute. */
  readonly name: string;
  /** Addresses alone, without their type. */
  readonly isShort: boolean;
  readonly weights: Weights;
}

/** `zone` is absolute. Owner names and names in data come back absolute; `weights` gets those of the zone. */
export function readRecords(draft: Draft, zone: string, file: ZoneFile, path: Path, weights: Weights): RecordConfig[] {
  const { $TTL, ...owners } = file;
  return Object.entries(owners).flatMap(([key, value]): RecordConfig[] => {
    if (value === undefined) return [];
    const at = [...path, key];
    const isShort = typeof value === 'string' || Array.isArray(value);
    const set: RecordSetFile = isShort ? { A: value } : value;
    const name = ownerName(key, zone);
    const problem = ownerProblem(key, name, zone) ?? conflictOf(key, set, name === zone);
    if (name === undefined || problem !== undefined) {
      draft.problems.add('record', at, problem ?? '', { key: true });
      return [];
    }
    const ttl = set.ttl ?? $TTL;
    const owner: Owner = { draft, zone, name, path: at, isShort, weights };
    return recordsOf(owner, set).map((record) => ({
      name,
      ...(ttl !== undefined && { ttlSeconds: Math.round(parseDuration(ttl)! / 1000) }),
      ...record,
    }));
  });
}

function ownerProblem(key: string, name: string | undefined, zone: string): string | undefined {
  if (name === undefined) return `"${key}" is not a domain name`;
  return isWithin(name, zone) ? undefined : `"${key}" is not within the zone ${zone}`;
}

function recordsOf(owner: Owner, set: RecordSetFile): TypedData[] {
  const typed = RECORD_TYPES.flatMap((type): TypedData[] => {
    if (type === 'A') return addressesOf(owner, set.A).map((data) => ({ type, data }));
    return listOf(set[type]).flatMap((text, i): TypedData[] => {
      const data = readData(placeOf(owner, type, set[type], i), type, text);
      return data === undefined ? [] : [{ type, data }];
    });
  });
  const others = listOf(set.other).flatMap((text, i) => readOther(placeOf(owner, 'other', set.other, i), text) ?? []);
  return [...typed, ...others];
}

/** Of one of the items under a type, in a list or alone. */
function placeOf({ draft, zone, path, isShort }: Owner, type: string, items: unknown, index: number): Place {
  return { draft, zone, path: [...path, ...(isShort ? [] : [type]), ...(Array.isArray(items) ? [index] : [])] };
}

function conflictOf(key: string, set: RecordSetFile, isApex: boolean): string | undefined {
  const types: string[] = RECORD_TYPES.filter((type) => set[type] !== undefined);
  types.push(...listOf(set.other).map((text) => typeFromText(text.trim().split(/\s/)[0]) ?? 'other'));
  if (types.length === 0) return `"${key}" has no record: write ${RECORD_TYPES.join(', ')}`;
  const others = types.filter((type) => clashesWithAlias(type, new Set(['CNAME'])) && type !== 'CNAME');
  if (types.includes('CNAME') && others.length > 0) {
    return `"${key}" has a CNAME beside ${others.join(', ')}: an alias has no other data (RFC 1034 section 3.6.2)`;
  }
  if (types.includes('CNAME') && isApex) {
    return 'the zone itself cannot be an alias: it has SOA and NS records (RFC 1034 section 3.6.2)';
  }
  return set.SOA !== undefined && !isApex ? 'an SOA record stands only at "@", the zone itself' : undefined;
}

/** The addresses as text; their weights, where they have some, go into those of the zone. */
function addressesOf(owner: Owner, items: AddressesFile | undefined): string[] {
  const { name, weights, isShort } = owner;
  return listOf<string | { address: string; weight?: number }>(items).flatMap((item, i) => {
    const place = placeOf(owner, 'A', items, i);
    if (typeof item === 'string') return readAddress(place, item, isShort) ?? [];
    const address = readAddress({ ...place, path: [...place.path, 'address'] }, item.address, false);
    if (address === undefined) return [];
    weights[name] = { ...weights[name], [address]: item.weight ?? 1 };
    return [address];
  });
}

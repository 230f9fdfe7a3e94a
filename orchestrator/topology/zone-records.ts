/** The records that a zone of the file gives, in their short and long forms. */
import type { RecordConfig } from '../../devices/control.js';
import { formatIpv4, parseIpv4 } from '../../devices/stack/wire/address.js';
import { formatRecordData } from '../../devices/stack/wire/dns-record.js';
import { type Field, parseRecordData } from '../../devices/stack/wire/dns-record-fields.js';
import { typeFromText, typeNames } from '../../devices/stack/wire/dns-type.js';
import { didYouMean } from '../../devices/stack/wire/nearest.js';
import { zoneFileLines } from '../../devices/stack/wire/zone-file-lines.js';
import { isWithin, ownerName, targetName } from './domain-names.js';
import { type Draft, listOf, unknownDevice } from './draft.js';
import { addressOf } from './resolvers.js';
import { type AddressesFile, RECORD_TYPES, type RecordSetFile, type ZoneFile } from './schema-dns.js';
import type { Path } from './source.js';
import { parseDuration } from './units.js';

/** RFC 1035 section 3.3: a character-string. */
const LONGEST_TEXT = 255;

type RecordType = (typeof RECORD_TYPES)[number];

/** By owner, then by address. */
export type Weights = Record<string, Record<string, number>>;

/** Which of the fields of a type are names; the others stay as they are written. */
const NAME_FIELDS: Readonly<Record<string, readonly number[]>> = {
  NS: [0],
  CNAME: [0],
  DNAME: [0],
  PTR: [0],
  MX: [1],
  SRV: [3],
  NAPTR: [5],
  SOA: [0, 1],
};

/** How data are written, for who has it wrong. */
const FORMS: Readonly<Record<string, string>> = {
  AAAA: '2001:db8::80',
  MX: 'preference name, such as 10 mail',
  SRV: 'priority weight port target, such as 0 5 80 www',
  CAA: 'flags tag value, such as 0 issue ca.example',
  HINFO: 'cpu os, such as PC "Linux 6"',
  NAPTR: 'order preference flags services regexp replacement',
  SOA: 'mname rname serial refresh retry expire minimum',
};

interface Place {
  readonly draft: Draft;
  /** Absolute. */
  readonly zone: string;
  readonly path: Path;
}

/** `zone` is absolute. Owner names and names in data come back absolute; `weights` gets those of the zone. */
export function readRecords(draft: Draft, zone: string, file: ZoneFile, path: Path, weights: Weights): RecordConfig[] {
  const { $TTL, ...owners } = file;
  return Object.entries(owners).flatMap(([key, value]): RecordConfig[] => {
    const at = [...path, key];
    const name = ownerName(key, zone);
    const refuse = (message: string): RecordConfig[] => {
      draft.problems.add('record', at, message, { key: true });
      return [];
    };
    if (name === undefined) return refuse(`"${key}" is not a domain name`);
    if (!isWithin(name, zone)) return refuse(`"${key}" is not within the zone ${zone}`);
    if (value === undefined) return [];
    const isShort = typeof value === 'string' || Array.isArray(value);
    const set: RecordSetFile = isShort ? { A: value } : value;
    const conflict = conflictOf(key, set, name === zone);
    if (conflict !== undefined) return refuse(conflict);
    const ttl = set.ttl ?? $TTL;
    const ttlSeconds = ttl === undefined ? {} : { ttlSeconds: Math.round(parseDuration(ttl)! / 1000) };
    const found = (type: string, data: string): RecordConfig => ({ name, type, ...ttlSeconds, data });
    const placeOf = (type: string, items: unknown, i: number): Place => ({
      draft,
      zone,
      path: [...at, ...(isShort ? [] : [type]), ...(Array.isArray(items) ? [i] : [])],
    });
    return RECORD_TYPES.flatMap((type): RecordConfig[] => {
      if (type === 'A')
        return addressesAt(set.A, name, weights, (i) => placeOf('A', set.A, i), isShort).map((data) =>
          found('A', data),
        );
      return listOf(set[type]).flatMap((text, i): RecordConfig[] => {
        const data = readData(placeOf(type, set[type], i), type, text);
        return data === undefined ? [] : [found(type, data)];
      });
    }).concat(
      listOf(set.other).flatMap((text, i): RecordConfig[] => {
        const other = readOther(placeOf('other', set.other, i), text);
        return other === undefined ? [] : [found(other.type, other.data)];
      }),
    );
  });
}

function conflictOf(key: string, set: RecordSetFile, isApex: boolean): string | undefined {
  const types = [...RECORD_TYPES, 'other' as const].filter((type) => set[type] !== undefined);
  if (types.length === 0) return `"${key}" has no record: write ${RECORD_TYPES.join(', ')}`;
  if (types.includes('CNAME') && types.length > 1) {
    const others = types.filter((type) => type !== 'CNAME').join(', ');
    return `"${key}" has a CNAME beside ${others}: an alias has no other data (RFC 1034 section 3.6.2)`;
  }
  if (types.includes('CNAME') && isApex) {
    return 'the zone itself cannot be an alias: it has SOA and NS records (RFC 1034 section 3.6.2)';
  }
  return types.includes('SOA') && !isApex ? 'an SOA record stands only at "@", the zone itself' : undefined;
}

/** The addresses as text; their weights, where they have some, go into `weights`. */
function addressesAt(
  items: AddressesFile | undefined,
  owner: string,
  weights: Weights,
  placeOf: (index: number) => Place,
  isShort: boolean,
): string[] {
  return listOf<string | { address: string; weight?: number }>(items).flatMap((item, i) => {
    const place = placeOf(i);
    if (typeof item === 'string') return readAddress(place, item, isShort) ?? [];
    const address = readAddress({ ...place, path: [...place.path, 'address'] }, item.address, false);
    if (address === undefined) return [];
    weights[owner] = { ...weights[owner], [address]: item.weight ?? 1 };
    return [address];
  });
}

function readAddress({ draft, path }: Place, text: string, isShort: boolean): string | undefined {
  const address = parseIpv4(text);
  if (address !== undefined) return formatIpv4(address);
  if (draft.devices.has(text) || draft.suspects.has(text)) return addressOf(draft, text, path, 'record');
  const alias = isShort && text.includes('.') && !/^[\d.]+$/.test(text) ? ` An alias is written {CNAME: ${text}}.` : '';
  draft.problems.add('record', path, `"${text}" is no IPv4 address, and ${unknownDevice(text, draft)}${alias}`);
  return undefined;
}

/** In presentation format, names absolute. */
function readData({ draft, zone, path }: Place, type: Exclude<RecordType, 'A'>, text: string): string | undefined {
  const refuse = (message: string): undefined => draft.problems.add('record', path, message) as undefined;
  if (type === 'TXT') {
    const string = new TextEncoder().encode(text);
    if (string.length <= LONGEST_TEXT) return formatRecordData({ type, strings: [string] });
    return refuse(`a TXT text is at most ${LONGEST_TEXT} bytes long; write several`);
  }
  const fields = fieldsOf(text);
  if (typeof fields === 'string') return refuse(`"${text}": ${fields}`);
  for (const index of NAME_FIELDS[type] ?? []) {
    const field = fields[index];
    const name = field === undefined ? undefined : targetName(field.text, zone);
    if (field !== undefined && name === undefined) return refuse(`"${field.text}" is not a domain name`);
    if (name !== undefined) fields[index] = { ...field, text: name };
  }
  const data = parseRecordData(type, fields, zone);
  if (!('problem' in data)) return formatRecordData(data);
  const form = FORMS[type];
  return refuse(form === undefined ? data.problem : `"${text}" is no ${type}: write ${form}`);
}

/** `TYPE65280 \# 3 abcdef`, with names as zone files have them. */
function readOther({ draft, zone, path }: Place, text: string): { type: string; data: string } | undefined {
  const refuse = (message: string): undefined => draft.problems.add('record', path, message) as undefined;
  const fields = fieldsOf(text);
  if (typeof fields === 'string') return refuse(`"${text}": ${fields}`);
  const [word, ...rest] = fields;
  const type = word === undefined ? undefined : typeFromText(word.text);
  if (type === undefined) {
    return refuse(`"${text}" does not begin with a record type.${didYouMean(word?.text ?? '', typeNames())}`);
  }
  if (type === 'SOA' || type === 'CNAME') return refuse(`write ${type} as a key of its own`);
  const data = parseRecordData(type, rest, zone);
  return 'problem' in data ? refuse(`${type}: ${data.problem}`) : { type, data: formatRecordData(data) };
}

/** The words and quoted strings, or what is wrong with them. */
function fieldsOf(text: string): Field[] | string {
  const [line, second] = zoneFileLines(text);
  if (line === undefined) return [];
  if ('problem' in line) return line.problem;
  return second === undefined ? [...line.fields] : 'data stand on one line';
}
